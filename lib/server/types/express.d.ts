import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, ServerOptions } from './server';

export type * from './server';

/** For Express 4 and 5, Connect, and node:http itself. */
export type Handler = (
  request: IncomingMessage & { body?: unknown; originalUrl?: string },
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => Promise<void>;

export interface UpscaleServer extends Server {
  /** `POST` a picture, get it back larger. */
  upscale: Handler;
  /** `POST` a picture for later; `GET` and `DELETE` `…/<id>`, `GET` `…/<id>/events`. To be mounted with `app.use`. */
  jobs: Handler;
  /** 200 while the process is alive. */
  health: Handler;
  /** 200 when models are loaded and pictures are taken, else 503. */
  ready: Handler;
  /** Prometheus text; wants the option `metrics`. */
  metrics: Handler;
}

export function createUpscale(options?: ServerOptions & { passErrors?: boolean }): UpscaleServer;

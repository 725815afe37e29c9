import type { Server, ServerOptions } from './server';

export type * from './server';

/** For Next.js route handlers, Hono and whatever else speaks in Request and Response. */
export type Handler = (request: Request) => Promise<Response>;

export interface UpscaleServer extends Server {
  /** `POST` a picture, get it back larger. */
  upscale: Handler;
  /** `POST` a picture for later; `GET` and `DELETE` `…/<id>`, `GET` `…/<id>/events`. */
  jobs: Handler;
  /** 200 while the process is alive. */
  health: Handler;
  /** 200 when models are loaded and pictures are taken, else 503. */
  ready: Handler;
  /** Prometheus text; wants the option `metrics`. */
  metrics: Handler;
}

export function createUpscale(options?: ServerOptions): UpscaleServer;

import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Server, ServerOptions as Options } from './server';

declare namespace upscaling {
  export type ServerOptions = Options;

  export interface PluginOptions extends Options {
    /**
     * Where routes are added; `false`: not. Default: `upscale` at `/upscale` and `jobs` at `/jobs`, the others not.
     */
    routes?: {
      upscale?: string | false;
      jobs?: string | false;
      health?: string | false;
      ready?: string | false;
      metrics?: string | false;
    };
    /** Errors of a picture go to Fastify's error handler instead of being answered here. */
    passErrors?: boolean;
  }

  export type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

  /** `fastify.upscaling`: for routes of one's own. */
  export interface Upscaling extends Server {
    /** `fastify.post('/mine', { schema: fastify.upscaling.schema, attachValidation: true }, fastify.upscaling.upscale)` */
    upscale: Handler;
    jobs: Handler;
    health: Handler;
    ready: Handler;
    metrics: Handler;
    /** The query that a request may have, as JSON schema. */
    schema: { summary: string; querystring: object };
  }
}

declare const upscaling: FastifyPluginAsync<upscaling.PluginOptions>;

declare module 'fastify' {
  interface FastifyInstance {
    upscaling: upscaling.Upscaling;
  }
}

export = upscaling;

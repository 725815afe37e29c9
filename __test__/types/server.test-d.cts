import fastify = require('fastify');
import http = require('node:http');
import { createUpscale, type JobStore, type JobView, type UpscaleServer } from 'upscaler-node/express';
import web = require('upscaler-node/web');
import upscaling = require('upscaler-node/fastify');
import Upscaler = require('upscaler-node');
import { type Equal, expect } from './equal.js';

const upscale = createUpscale({
  upscaler: new Upscaler(),
  models: ['span-4x'],
  limits: { bytes: 1, inputPixels: 1, timeout: 1 },
  parameters: { scale: { max: 3 }, quality: false, format: ['png'], fit: ['cover'] },
  urls: { hosts: ['images.example'] },
  jobs: { ttl: 1000 },
  passErrors: true,
});
expect<Equal<typeof upscale, UpscaleServer>>();
http.createServer(upscale.upscale);
expect<Equal<ReturnType<typeof upscale.close>, Promise<void>>>();

// @ts-expect-error unknown options are errors
createUpscale({ limit: {} });
// @ts-expect-error paths are never allowed
createUpscale({ instance: { allowPaths: true } });

const handlers = web.createUpscale({ etag: true });
expect<Equal<ReturnType<typeof handlers.upscale>, Promise<Response>>>();

async function plugin() {
  const app = fastify.fastify();
  await app.register(upscaling, { routes: { health: '/healthz', jobs: false }, limits: { bytes: 1 } });
  app.post('/mine', { schema: app.upscaling.schema }, app.upscaling.upscale);
}

function store(jobs: JobStore) {
  createUpscale({ jobs });
  expect<Equal<ReturnType<typeof jobs.get>, Promise<JobView | undefined>>>();
}

const { status, statusCode, expose } = new Upscaler.UpscalerError('ERR_UPSCALER_READ', 'message');
expect<Equal<[typeof status, typeof statusCode, typeof expose], [number, number, boolean]>>();

void [plugin, store];

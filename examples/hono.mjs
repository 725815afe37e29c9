// Anything that speaks in Request and Response: here Hono on Node.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createUpscale } from 'upscaler-node/web';

const upscale = createUpscale({ cacheControl: 'private, max-age=3600', etag: true });

const app = new Hono();
app.post('/upscale', (c) => upscale.upscale(c.req.raw));
app.all('/jobs', (c) => upscale.jobs(c.req.raw));
app.all('/jobs/*', (c) => upscale.jobs(c.req.raw));
app.get('/readyz', (c) => upscale.ready(c.req.raw));

const server = serve(
  { fetch: app.fetch, port: process.env.PORT ?? 3000, hostname: '127.0.0.1' },
  ({ port }) => {
    console.log(`http://127.0.0.1:${port}`);
  },
);

process.once('SIGTERM', async () => {
  await upscale.drain();
  server.close();
  await upscale.close();
});

import { createUpscale } from 'upscaler-node/express';
import { createUpscale as createWeb, type Handler } from 'upscaler-node/web';
import upscaling from 'upscaler-node/fastify';
import { FileStore, UpscaleQueue, UpscaleWorker, jobStore } from '@upscaler-node/bullmq';
import { fastify } from 'fastify';
import { type Equal, expect } from './equal.js';

createUpscale();
export const POST: Handler = createWeb().upscale;
void fastify().register(upscaling, { maxPending: 3 });

const store = new FileStore('/pictures');
const queue = new UpscaleQueue({ connection: { host: 'redis' }, store });
const job = await queue.add({ key: 'uploads/a.png' }, { scale: 2, priority: 1, model: 'span-4x' });
const result = await job.finished({ timeout: 1000 });
expect<Equal<typeof result.data, Buffer>>();
for await (const { percent } of job.progress()) expect<Equal<typeof percent, number>>();
// @ts-expect-error a signal cannot travel
await queue.add(new Uint8Array(), { signal: AbortSignal.abort() });
const worker = new UpscaleWorker({ connection: { host: 'redis' }, limiter: { max: 1, duration: 1000 } });
await worker.close({ grace: 1 });
createUpscale({ jobs: jobStore({ connection: { host: 'redis' } }) });

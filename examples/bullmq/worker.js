// One on every machine that upscales.
const { FileStore, UpscaleWorker } = require('@upscaler-node/bullmq');

const worker = new UpscaleWorker({
  connection: { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', maxRetriesPerRequest: null },
  store: new FileStore(process.env.PICTURES ?? '/var/lib/pictures'),
  instance: { limitInputPixels: 25_000_000 },
});

worker.on('completed', (job, { info }) =>
  console.log('done', job.id, info.width, info.height, info.durationMs),
);
worker.on('failed', (job, error) => console.log('failed', job?.id, error.message));
worker.on('error', (error) => console.error('error', error.message));

worker.ready().then(() => console.log('ready'));

// What is not done within 20 s goes to another worker.
process.once('SIGTERM', () => worker.close({ grace: 20_000 }));

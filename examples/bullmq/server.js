// HTTP in front of the queue: any number of these, and any number of workers.
const express = require('express');
const { FileStore, jobStore } = require('@upscaler-node/bullmq');
const { createUpscale } = require('upscaler-node/express');

const upscale = createUpscale({
  jobs: jobStore({
    connection: { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' },
    store: new FileStore(process.env.PICTURES ?? '/var/lib/pictures'),
    maxPending: 5000,
  }),
});

const app = express().use('/jobs', upscale.jobs).get('/healthz', upscale.health);
const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

process.once('SIGTERM', async () => {
  server.close();
  await upscale.close();
});

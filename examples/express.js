// POST a picture to /upscale: curl --data-binary @photo.jpg -H 'content-type: image/jpeg' localhost:3000/upscale -o large.jpg
const express = require('express');
const { createUpscale } = require('upscaler-node/express');

const upscale = createUpscale({
  models: ['span-2x', 'span-4x'],
  limits: { bytes: 10_000_000, inputPixels: 12_000_000 },
  parameters: { scale: { max: 4 }, format: ['jpeg', 'png', 'webp'] },
  disposition: 'attachment',
});

const app = express();
app.disable('x-powered-by');
app.post('/upscale', upscale.upscale);
app.use('/jobs', upscale.jobs);
app.get('/healthz', upscale.health);
app.get('/readyz', upscale.ready);

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

process.once('SIGTERM', async () => {
  await upscale.drain();
  server.close();
  await upscale.close();
});

// The same without a framework.
const http = require('node:http');
const { createUpscale } = require('upscaler-node/express');

const upscale = createUpscale({ limits: { timeout: 30_000 } });

const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/upscale') return upscale.upscale(request, response);
  if (pathname.startsWith('/jobs')) return upscale.jobs(request, response);
  response.writeHead(404).end();
});

server.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

process.once('SIGTERM', async () => {
  await upscale.drain();
  server.close();
  await upscale.close();
});

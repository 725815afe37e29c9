'use strict';

const assert = require('node:assert/strict');
const { test, before } = require('node:test');
const { serve } = require('@hono/node-server');
const { Hono } = require('hono');
const { createUpscale } = require('upscaler-node/express');
const { createUpscale: createWeb } = require('upscaler-node/web');
const upscaling = require('upscaler-node/fastify');
const Upscaler = require('upscaler-node');
const { DOUBLER, assertDoubled, largePng, smallPng } = require('../support/doubled');
const { eventually, request, withServer } = require('../support/http');

let png;
before(async () => {
  png = await smallPng();
});

const post = (url, body = png, headers = { 'content-type': 'image/png' }) =>
  fetch(url, { method: 'POST', body, headers });

/** @param {Response} response */
async function assertUpscaled(response) {
  assert.equal(response.status, 200, await response.clone().text());
  await assertDoubled(Buffer.from(await response.arrayBuffer()));
}

for (const name of ['express', 'express4']) {
  const express = require(name);

  test(`${name}: by itself, behind its parsers, and mounted`, async () => {
    const upscale = createUpscale(DOUBLER);
    const app = express()
      .post('/plain', upscale.upscale)
      .post('/raw', express.raw({ type: 'image/*' }), upscale.upscale)
      .post('/json', express.json({ limit: '1mb' }), upscale.upscale)
      .use('/mounted', upscale.upscale);
    await withServer(app, async (origin) => {
      await assertUpscaled(await post(`${origin}/plain`));
      await assertUpscaled(await post(`${origin}/raw`));
      await assertUpscaled(await post(`${origin}/mounted?scale=2`));
      const json = JSON.stringify({ image: png.toString('base64') });
      await assertUpscaled(await post(`${origin}/json`, json, { 'content-type': 'application/json' }));
      // A parser that is for something else leaves the body to us.
      await assertUpscaled(await post(`${origin}/json`));
      assert.equal((await post(`${origin}/plain`, Buffer.from('nonsense'))).status, 415);
    });
    await upscale.close();
  });

  test(`${name}: errors go on to its error handlers where that is asked for`, async () => {
    const upscale = createUpscale({ ...DOUBLER, passErrors: true });
    const app = express()
      .post('/', upscale.upscale)
      .use((error, req, res, next) => res.status(error.status).send(`mine: ${error.code}`));
    await withServer(app, async (origin) => {
      const response = await post(origin, Buffer.from('nonsense'));
      assert.equal(response.status, 415);
      assert.equal(await response.text(), 'mine: ERR_UPSCALER_UNSUPPORTED_FORMAT');
    });
    await upscale.close();
  });

  test(`${name}: without any of this, errors of the library are answered rightly`, async () => {
    const upscaler = new Upscaler({ ...DOUBLER.instance, limitInputPixels: 200, allowPaths: false });
    const app = express()
      .use(express.raw({ type: '*/*' }))
      .post('/', async (req, res, next) => {
        try {
          res.send(await upscaler.upscale(req.body));
        } catch (error) {
          next(error);
        }
      });
    app.set('env', 'production');
    await withServer(app, async (origin) => {
      const statuses = [];
      for (const body of [Buffer.from('nonsense'), png.subarray(0, 60), await largePng(20)]) {
        const response = await post(origin, body);
        statuses.push(response.status);
        assert.doesNotMatch(await response.text(), /node_modules|at /);
      }
      assert.deepEqual(statuses, [415, 422, 413]);
    });
    await upscaler.dispose();
  });
}

test('node:http alone', async () => {
  const upscale = createUpscale(DOUBLER);
  await withServer(upscale.upscale, async (origin) => assertUpscaled(await post(origin)));
  await upscale.close();
});

test('fastify: its routes, its decorator and its schema', async () => {
  const fastify = require('fastify')();
  await fastify.register(upscaling, { ...DOUBLER, routes: { health: '/healthz', ready: '/readyz' } });
  const { schema, upscale } = fastify.upscaling;
  fastify.post('/mine', { schema, attachValidation: true }, upscale);
  assert.deepEqual(schema.querystring.properties.scale.maximum, 4);
  const origin = await fastify.listen({ host: '127.0.0.1', port: 0 });
  try {
    await assertUpscaled(await post(`${origin}/upscale`));
    await assertUpscaled(await post(`${origin}/mine?scale=2`));
    const form = new FormData();
    form.set('photo', new Blob([png]), 'a.png');
    await assertUpscaled(await fetch(`${origin}/upscale`, { method: 'POST', body: form }));
    const json = JSON.stringify({ image: png.toString('base64') });
    await assertUpscaled(await post(`${origin}/upscale`, json, { 'content-type': 'application/json' }));
    await assertUpscaled(await post(`${origin}/mine`, json, { 'content-type': 'application/json' }));
    await assertUpscaled(await post(`${origin}/upscale`, png, {}));
    const text = await post(`${origin}/upscale`, png, { 'content-type': 'text/plain' });
    assert.equal((await text.json()).code, 'ERR_UPSCALER_REQUEST');
    const wrong = await post(`${origin}/upscale?scale=9`);
    assert.equal(wrong.status, 400);
    assert.equal((await wrong.json()).code, 'ERR_UPSCALER_REQUEST');
    assert.equal((await post(`${origin}/upscale`, Buffer.from('nonsense'))).status, 415);
    assert.equal((await fetch(`${origin}/healthz`)).status, 200);
    assert.equal((await fetch(`${origin}/readyz`)).status, 200);
  } finally {
    await fastify.close();
  }
});

test('fastify: errors go to its error handler where that is asked for', async () => {
  const fastify = require('fastify')();
  await fastify.register(upscaling, { ...DOUBLER, passErrors: true });
  const response = await fastify.inject({
    method: 'POST',
    url: '/upscale',
    headers: { 'content-type': 'image/png' },
    payload: Buffer.from('nonsense'),
  });
  assert.equal(response.statusCode, 415);
  assert.equal(response.json().code, 'ERR_UPSCALER_UNSUPPORTED_FORMAT');
  await fastify.close();
});

test('fastify: a client that goes away stops the work', async () => {
  const fastify = require('fastify')();
  await fastify.register(upscaling, { instance: {} });
  const origin = await fastify.listen({ host: '127.0.0.1', port: 0 });
  const controller = new AbortController();
  const body = await largePng(700);
  const gone = fetch(`${origin}/upscale`, {
    method: 'POST',
    headers: { 'content-type': 'image/png' },
    body,
    signal: controller.signal,
  }).catch(() => {});
  await eventually(() => fastify.upscaling.status().running === 1);
  controller.abort();
  await gone;
  await eventually(() => fastify.upscaling.status().running === 0);
  await fastify.close();
});

test('web: Request to Response, by itself', async () => {
  const upscale = createWeb(DOUBLER);
  const ask = (body, init) =>
    upscale.upscale(new Request('http://host/upscale', { method: 'POST', body, ...init }));
  await assertUpscaled(await ask(png, { headers: { 'content-type': 'image/png' } }));
  const form = new FormData();
  form.set('photo', new Blob([png]), 'a.png');
  await assertUpscaled(await ask(form));
  assert.equal((await ask(undefined)).status, 400);
  assert.equal((await ask(Buffer.from('nonsense'))).status, 415);
  assert.equal((await upscale.upscale(new Request('http://host/upscale'))).status, 405);
  assert.equal((await upscale.health(new Request('http://host/healthz'))).status, 200);
  const controller = new AbortController();
  controller.abort();
  assert.equal((await ask(png, { signal: controller.signal })).status, 499);
  await upscale.close();
});

test('web: in Hono, with clients that go away and bodies beyond the limit', async () => {
  const upscale = createWeb({ instance: {}, limits: { bytes: 100_000 } });
  const app = new Hono().post('/upscale', (c) => upscale.upscale(c.req.raw));
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${server.address().port}/upscale`;
  assert.equal((await post(url)).status, 200);
  assert.equal((await post(url, Buffer.alloc(200_000))).status, 413);
  const { status } = await request(url, { method: 'POST' }, (client) => {
    for (let i = 0; i < 300; i++) client.write(Buffer.alloc(1000));
    client.end();
  });
  assert.equal(status, 413);
  const controller = new AbortController();
  const body = await largePng(700);
  const gone = fetch(url, { method: 'POST', body, signal: controller.signal }).catch(() => {});
  await eventually(() => upscale.status().running === 1);
  controller.abort();
  await gone;
  await eventually(() => upscale.status().running === 0);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await upscale.close();
});

test('options that cannot be used are refused when the server is made', () => {
  const wrong = {
    upscaler: {},
    models: 'span-4x',
    limits: { bytes: 0 },
    concurrency: 0,
    parameters: { scale: { min: 3, max: 2 } },
    urls: { hosts: [] },
    cacheControl: 'a\nb',
    disposition: 'download',
    metrics: {},
  };
  for (const [name, value] of Object.entries(wrong)) {
    assert.throws(() => createUpscale({ [name]: value }), { code: /^ERR_INVALID_ARG_/ }, name);
  }
  assert.throws(() => createUpscale({ parameters: { format: ['bmp'] } }), { code: 'ERR_INVALID_ARG_VALUE' });
});

test('nothing of a framework is loaded with a handler', () => {
  const { spawnSync } = require('node:child_process');
  const script = `
    require('upscaler-node/express'); require('upscaler-node/web'); require('upscaler-node/fastify');
    const names = Object.keys(require.cache).join();
    process.exitCode = /express\\/lib|fastify\\/fastify|hono|busboy|prom-client|opentelemetry/.test(names) ? 1 : 0;`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], {
    cwd: __dirname,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});

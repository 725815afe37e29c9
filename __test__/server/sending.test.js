'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { test, before } = require('node:test');
const { Registry } = require('prom-client');
const sharp = require('sharp');
const { createUpscale } = require('upscaler-node/express');
const upscaling = require('upscaler-node/fastify');
const { createUpscale: createWeb } = require('upscaler-node/web');
const { DOUBLER, assertDoubled, noisyPng, smallPng } = require('../support/doubled');
const { readEvents } = require('../support/events');
const { eventually, read, unread, withServer } = require('../support/http');
const { Endless, HUGE, Instant, OneJob } = require('../support/scripted');

/** Long enough for an answer to begin on a busy machine. */
const TIMEOUT = 3000;

let png;
before(async () => {
  png = await smallPng();
});

/**
 * @param {object} options
 * @param {(origin: string, upscale: import('upscaler-node/express').UpscaleServer, server: http.Server) => Promise<void>} use
 */
async function serving(options, use) {
  const upscale = createUpscale({ ...DOUBLER, ...options });
  const app = (req, res) => (req.url.startsWith('/jobs') ? upscale.jobs : upscale.upscale)(req, res);
  try {
    await withServer(app, (origin, server) => use(origin, upscale, server));
  } finally {
    await upscale.close();
  }
}

const post = { method: 'POST', headers: { accept: 'application/json', 'content-type': 'image/png' } };

/** @param {Promise<unknown>} promise */
function follow(promise) {
  const state = { settled: false };
  promise.finally(() => (state.settled = true));
  return state;
}

/** Time for what should not happen. */
const moment = () => new Promise((resolve) => setTimeout(resolve, 200));

test('an answer is taken until it is sent: whoever drains waits for it', async () => {
  await serving({ upscaler: new Instant() }, async (origin, upscale) => {
    const response = await unread(origin, post, png);
    const draining = upscale.drain();
    const state = follow(draining);
    await moment();
    assert.equal(state.settled, false);
    assert.equal((await read(response)).length, Number(response.headers['content-length']));
    await draining;
  });
});

test('an answer that its client does not read is cut when its time is over', async () => {
  const registry = new Registry();
  const options = { upscaler: new Instant(), limits: { timeout: TIMEOUT }, metrics: registry };
  await serving(options, async (origin, upscale) => {
    const response = await unread(origin, post, png);
    assert.equal(response.statusCode, 200);
    await upscale.drain();
    await assert.rejects(read(response), { code: 'ECONNRESET' });
    const metrics = await registry.metrics();
    assert.match(metrics, /upscaler_pictures_total\{route="upscale",status="504"\} 1/);
  });
});

test('the result of a job as well, which has not been fetched then', async () => {
  const store = new OneJob();
  await serving({ jobs: store, limits: { timeout: TIMEOUT } }, async (origin, upscale) => {
    const response = await unread(`${origin}/jobs/${store.id}`);
    await upscale.drain();
    await assert.rejects(read(response), { code: 'ECONNRESET' });
    assert.deepEqual(store.fetches, []);
  });
});

test('a result has been fetched when all of it was sent; its headers alone are none', async () => {
  const store = new OneJob();
  await serving({ jobs: store }, async (origin) => {
    const url = `${origin}/jobs/${store.id}`;
    assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
    const leaving = await unread(url);
    assert.deepEqual(store.fetches, []);
    leaving.destroy();
    assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, HUGE);
    await eventually(() => store.fetches.length > 0);
    assert.deepEqual(store.fetches, [store.id]);
  });
});

test('fastify: an answer that its client does not read is cut', async () => {
  const fastify = require('fastify')({ forceCloseConnections: true });
  await fastify.register(upscaling, { upscaler: new Instant(), limits: { timeout: TIMEOUT } });
  const origin = await fastify.listen({ host: '127.0.0.1', port: 0 });
  try {
    const response = await unread(`${origin}/upscale`, post, png);
    await fastify.upscaling.drain();
    await assert.rejects(read(response), { code: 'ECONNRESET' });
  } finally {
    await fastify.close();
  }
});

test('web: an answer that nobody reads ends with its time, whole or made while it is read', async () => {
  const picture = await noisyPng(300);
  for (const options of [{ upscaler: new Instant(), stream: false }, DOUBLER]) {
    const upscale = createWeb({ ...options, limits: { timeout: TIMEOUT } });
    await upscale.load();
    const ask = () => upscale.upscale(new Request('http://host/', { method: 'POST', body: picture }));
    const response = await ask();
    assert.equal(response.status, 200);
    await upscale.drain();
    await assert.rejects(response.arrayBuffer(), { code: 'ERR_UPSCALER_TIMEOUT' });
    await upscale.close();
  }
});

test('web: large answers are read whole', async () => {
  const picture = await noisyPng(300);
  const instant = createWeb({ upscaler: new Instant(), stream: false });
  const doubling = createWeb(DOUBLER);
  const ask = (upscale) => upscale.upscale(new Request('http://host/', { method: 'POST', body: picture }));
  const bytes = await (await ask(instant)).arrayBuffer();
  assert.equal(bytes.byteLength, HUGE);
  const { width } = await sharp(Buffer.from(await (await ask(doubling)).arrayBuffer())).metadata();
  assert.equal(width, 600);
  for (const upscale of [instant, doubling]) {
    await upscale.drain();
    await upscale.close();
  }
});

test('web: a reader that cancels has gone', async () => {
  const registry = new Registry();
  const upscale = createWeb({ ...DOUBLER, metrics: registry });
  const response = await upscale.upscale(
    new Request('http://host/', { method: 'POST', body: await noisyPng(300) }),
  );
  await response.body.cancel();
  await upscale.drain();
  const metrics = await registry.metrics();
  assert.match(metrics, /upscaler_pictures_total\{route="upscale",status="499"\} 1/);
  await upscale.close();
});

test('a client that leaves in the middle of its answer is counted as one, not as an error', async () => {
  const picture = await noisyPng(1000);
  const registry = new Registry();
  await serving({ metrics: registry }, async (origin, upscale) => {
    const leaving = await unread(origin, { method: 'POST' }, picture);
    leaving.destroy();
    await upscale.drain();
    const metrics = await registry.metrics();
    assert.match(metrics, /upscaler_pictures_total\{route="upscale",status="499"\} 1/);
    assert.match(metrics, /upscaler_errors_total\{code="ABORT_ERR"\} 1/);
    assert.doesNotMatch(metrics, /status="[25]\d\d"/);
  });
  const whole = new Registry();
  await serving({ upscaler: new Instant(), metrics: whole }, async (origin, upscale) => {
    (await unread(origin, post, png)).destroy();
    await upscale.drain();
    assert.match(await whole.metrics(), /upscaler_pictures_total\{route="upscale",status="499"\} 1/);
  });
});

test('pictures that came one after the other over one connection stop when it closes', async () => {
  const options = { upscaler: new Endless(), concurrency: 1, stream: false, limits: { timeout: 600_000 } };
  await serving(options, async (origin, upscale) => {
    const client = net.connect(Number(new URL(origin).port), '127.0.0.1');
    const head = `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${png.length}\r\n\r\n`;
    for (let i = 0; i < 12; i++) client.write(Buffer.concat([Buffer.from(head), png]));
    await eventually(() => upscale.status().running === 1 && upscale.status().waiting === 11);
    client.destroy();
    await eventually(() => upscale.status().running === 0 && upscale.status().waiting === 0);
    await upscale.drain();
  });
});

test('a job whose picture arrives while the server drains is waited for', async () => {
  await serving({}, async (origin, upscale, server) => {
    const client = http.request(`${origin}/jobs`, { ...post, agent: false });
    const answered = once(client, 'response');
    client.write(png.subarray(0, 50));
    await once(server, 'request');
    const draining = upscale.drain();
    const state = follow(draining);
    client.end(png.subarray(50));
    const [response] = await answered;
    assert.equal(response.statusCode, 202);
    const { links } = JSON.parse(await read(response));
    assert.equal((await readEvents(origin + links.events)).at(-1).event, 'done');
    await moment();
    assert.equal(state.settled, false);
    await assertDoubled(Buffer.from(await (await fetch(origin + links.self)).arrayBuffer()));
    await draining;
  });
});

test('the result of a job that is being sent is waited for', async () => {
  await serving({ upscaler: new Instant() }, async (origin, upscale) => {
    const { links } = await (await fetch(`${origin}/jobs`, { method: 'POST', body: png })).json();
    await readEvents(origin + links.events);
    const draining = upscale.drain();
    const state = follow(draining);
    const url = origin + links.self;
    assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
    (await unread(url)).destroy();
    const response = await unread(url);
    await moment();
    assert.equal(state.settled, false);
    assert.equal((await read(response)).length, HUGE);
    await draining;
  });
});

test('http/2: an answer is known to be sent', async () => {
  const http2 = require('node:http2');
  const registry = new Registry();
  const upscale = createUpscale({ ...DOUBLER, metrics: registry });
  const server = http2.createServer(upscale.upscale).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`);
  const stream = client.request({ ':method': 'POST', 'content-type': 'image/png' });
  stream.end(png);
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  await assertDoubled(Buffer.concat(chunks));
  await upscale.drain();
  assert.match(await registry.metrics(), /upscaler_pictures_total\{route="upscale",status="200"\} 1/);
  client.close();
  server.close();
  await once(server, 'close');
  await upscale.close();
});

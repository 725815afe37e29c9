'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { suite, test } = require('node:test');
const { serve } = require('@hono/node-server');
const autocannon = require('autocannon');
const { smallPng } = require('../support/doubled');
const { readEvents } = require('../support/events');
const { RedisServer, SKIP } = require('../support/redis');
const sharp = require('sharp');

const EXAMPLES = path.join(__dirname, '..', '..', 'examples');
/** Small enough for any machine, and read by every example as a file. */
const PHOTO = path.join(EXAMPLES, 'images', 'rocket.jpg');

/**
 * An example as a process of its own, for as long as `use` takes; then it is asked to end, and has to.
 *
 * @template T
 * @param {string} file
 * @param {(line: string) => Promise<T>} use what the example said first
 * @param {{ env?: object, cwd?: string, args?: string[] }} [how]
 */
async function running(file, use, { env, cwd, args = [] } = {}) {
  const child = spawn(process.execPath, [path.join(EXAMPLES, file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: '0', ...env },
    cwd,
  });
  const exited = once(child, 'exit');
  try {
    const lines = createInterface(child.stdout);
    const [first] = await Promise.race([
      once(lines, 'line'),
      exited.then(([code]) => Promise.reject(new Error(`${file} ended with ${code}`))),
    ]);
    const result = await use(first);
    child.kill('SIGTERM');
    const [code] = await exited;
    assert.equal(code, 0, `${file} ended with ${code}`);
    return result;
  } finally {
    child.kill('SIGKILL');
  }
}

/**
 * @param {string} url
 * @param {object} [headers]
 */
async function assertUpscales(url, headers) {
  const body = await smallPng();
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'image/png', ...headers },
  });
  assert.equal(response.status, 200, await response.clone().text());
  const { width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
  assert.deepEqual([width, height], [24, 16]);
}

/** @param {string} url */
async function assertRefuses(url) {
  const response = await fetch(url, {
    method: 'POST',
    body: 'not a picture',
    headers: { 'content-type': 'image/png' },
  });
  assert.equal(response.status, 415);
  assert.equal((await response.json()).code, 'ERR_UPSCALER_UNSUPPORTED_FORMAT');
}

/** @param {string} url */
async function assertQueues(url) {
  const added = await fetch(url, { method: 'POST', body: await smallPng() });
  assert.equal(added.status, 202);
  const { links } = await added.json();
  assert.equal((await readEvents(new URL(links.events, url).href)).at(-1).event, 'done');
  const result = await fetch(new URL(links.self, url));
  assert.equal((await sharp(Buffer.from(await result.arrayBuffer())).metadata()).width, 24);
}

/** A little load by another client: all are answered. */
async function assertBears(url) {
  const { errors, timeouts, ...result } = await autocannon({
    url,
    method: 'POST',
    body: await smallPng(),
    headers: { 'content-type': 'image/png' },
    connections: 4,
    amount: 24,
  });
  assert.deepEqual([errors, timeouts, result['2xx'], result.non2xx], [0, 0, 24, 0]);
}

for (const file of ['express.js', 'http.js', 'hono.mjs', 'fastify.js']) {
  test(file, async () => {
    await running(file, async (origin) => {
      await assertUpscales(`${origin}/upscale`);
      await assertRefuses(`${origin}/upscale`);
      await assertQueues(`${origin}/jobs`);
      await assertBears(`${origin}/upscale`);
      if (file !== 'fastify.js') return;
      assert.equal((await fetch(`${origin}/members/upscale`, { method: 'POST' })).status, 401);
      await assertUpscales(`${origin}/members/upscale`, { authorization: 'Bearer secret' });
    });
  });
}

test('the routes for Next.js, by what Next.js calls of them', async () => {
  const at = (file) => import(path.join(EXAMPLES, 'next', 'app', 'api', file));
  const [upscale, jobs] = [await at('upscale/route.mjs'), await at('jobs/[[...path]]/route.mjs')];
  const route = (request) => {
    const { pathname } = new URL(request.url);
    const routes = pathname.startsWith('/api/jobs') ? jobs : upscale;
    return routes[request.method](request);
  };
  const server = serve({ fetch: route, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}/api`;
  await assertUpscales(`${origin}/upscale`);
  await assertRefuses(`${origin}/upscale`);
  await assertQueues(`${origin}/jobs`);
  server.closeAllConnections();
  server.close();
  await globalThis.upscale.close();
});

suite('BullMQ', { skip: SKIP }, () => {
  test('producer, worker and HTTP in front', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-examples-'));
    const redis = await RedisServer.start();
    const env = { REDIS_URL: redis.url, PICTURES: path.join(folder, 'store') };
    try {
      await running(
        'bullmq/worker.js',
        async (line) => {
          assert.equal(line, 'ready');
          const small = path.join(folder, 'photo.jpg');
          await sharp(PHOTO).resize(60).toFile(small);
          const producer = spawn(process.execPath, [path.join(EXAMPLES, 'bullmq/producer.js'), small], {
            cwd: folder,
            env: { ...process.env, ...env },
            stdio: ['ignore', 'inherit', 'inherit'],
          });
          assert.deepEqual(await once(producer, 'exit'), [0, null]);
          for (const width of [60, 120, 180]) {
            const metadata = await sharp(path.join(folder, `photo-${width}.webp`)).metadata();
            assert.deepEqual([metadata.width, metadata.format], [width, 'webp']);
          }
          await running('bullmq/server.js', (origin) => assertQueues(`${origin}/jobs`), { env });
        },
        { env },
      );
    } finally {
      await redis.stop();
      fs.rmSync(folder, { recursive: true });
    }
  });
});

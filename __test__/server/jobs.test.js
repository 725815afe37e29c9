'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { test, before } = require('node:test');
const express = require('express');
const { createUpscale } = require('upscaler-node/express');
const { createUpscale: createWeb } = require('upscaler-node/web');
const { DOUBLER, assertDoubled, largePng, smallPng } = require('../support/doubled');
const { readEvents } = require('../support/events');
const { eventually, read, unread, withServer } = require('../support/http');
const { OneJob } = require('../support/scripted');

let png;
before(async () => {
  png = await smallPng();
});

/**
 * @param {object} options
 * @param {(jobs: string, upscale: import('upscaler-node/express').UpscaleServer) => Promise<void>} use
 */
async function serving(options, use) {
  const upscale = createUpscale(options);
  try {
    await withServer(express().use('/api/jobs', upscale.jobs), (origin) =>
      use(`${origin}/api/jobs`, upscale),
    );
  } finally {
    await upscale.close();
  }
}

const add = async (jobs, body = png, query = '') => {
  const response = await fetch(jobs + query, {
    method: 'POST',
    body,
    headers: { 'content-type': 'image/png' },
  });
  assert.equal(response.status, 202, await response.clone().text());
  const view = await response.json();
  assert.equal(response.headers.get('location'), view.links.self);
  return new URL(view.links.self, jobs).href;
};

test('a job is made, followed to its end, and fetched', async () => {
  await serving(DOUBLER, async (jobs) => {
    const job = await add(jobs);
    const events = await readEvents(`${job}/events`);
    const last = events.at(-1);
    assert.equal(last.event, 'done');
    assert.deepEqual([last.data.percent, last.data.result.width], [100, 24]);
    const response = await fetch(job);
    assert.equal(response.headers.get('content-type'), 'image/png');
    await assertDoubled(Buffer.from(await response.arrayBuffer()));
    const etag = response.headers.get('etag');
    assert.equal((await fetch(job, { headers: { 'if-none-match': etag } })).status, 304);
    const state = await (await fetch(job, { headers: { accept: 'application/json' } })).json();
    assert.equal(state.state, 'done');
    assert.ok(Date.parse(state.expiresAt) > Date.now());
  });
});

test('its events are the states of a job in order, with percent and place in the queue', async () => {
  await serving({ instance: {}, concurrency: 1 }, async (jobs) => {
    const large = await largePng(300);
    const first = await add(jobs, large);
    const second = await add(jobs, large);
    const [one, two] = await Promise.all([readEvents(`${first}/events`), readEvents(`${second}/events`)]);
    assert.equal(two[0].event, 'waiting');
    assert.equal(two[0].data.position, 1);
    for (const events of [one, two]) {
      const percents = events.map(({ data }) => data.percent);
      assert.deepEqual(
        percents,
        [...percents].sort((a, b) => a - b),
      );
      const states = events.map(({ event }) => event);
      assert.deepEqual(
        [...new Set(states)],
        [...new Set(['waiting', 'active', 'done'].filter((s) => states.includes(s)))],
      );
      assert.ok(events.some(({ data }) => data.stage === 'upscale'));
    }
  });
});

test('a browser that connects again after the end is told to stop', async () => {
  await serving(DOUBLER, async (jobs) => {
    const job = await add(jobs);
    const events = await readEvents(`${job}/events`);
    assert.equal(events.at(-1).id, 'end');
    const again = await fetch(`${job}/events`, { headers: { 'last-event-id': 'end' } });
    assert.equal(again.status, 204);
    // Whoever has not seen the end is told of it.
    assert.equal((await readEvents(`${job}/events`)).at(-1).event, 'done');
  });
});

test('a job is cancelled, and its work stops', async () => {
  await serving({ instance: {}, concurrency: 1 }, async (jobs, upscale) => {
    const large = await largePng(900);
    const running = await add(jobs, large);
    const waiting = await add(jobs, large);
    await eventually(() => upscale.status().running === 1);
    const pending = await fetch(running);
    assert.equal(pending.status, 202);
    assert.match(pending.headers.get('retry-after'), /^\d+$/);
    for (const job of [waiting, running]) {
      const events = readEvents(`${job}/events`);
      const cancelled = await fetch(job, { method: 'DELETE' });
      assert.equal((await cancelled.json()).state, 'cancelled');
      assert.equal((await events).at(-1).event, 'cancelled');
      assert.equal((await fetch(job)).status, 410);
      assert.equal((await fetch(`${job}/events`)).status, 410);
    }
    await eventually(() => upscale.status().running === 0 && upscale.status().waiting === 0);
  });
});

test('a job that is deleted or has expired is gone', async () => {
  await serving({ ...DOUBLER, jobs: { ttl: 200 } }, async (jobs) => {
    const failed = await add(jobs, Buffer.from('not a picture'));
    await readEvents(`${failed}/events`);
    assert.equal((await (await fetch(failed, { method: 'DELETE' })).json()).state, 'failed');
    assert.equal((await fetch(failed)).status, 404);
    const [first, second] = [await add(jobs), await add(jobs)];
    await readEvents(`${first}/events`);
    await readEvents(`${second}/events`);
    await fetch(first, { method: 'DELETE' });
    assert.equal((await fetch(first)).status, 404);
    assert.equal((await fetch(second)).status, 200);
    await eventually(async () => (await fetch(second)).status === 404);
  });
});

test('a job that fails says why, in its events and where its result would be', async () => {
  await serving(DOUBLER, async (jobs) => {
    const job = await add(jobs, Buffer.from('not a picture'));
    const { event, data } = (await readEvents(`${job}/events`)).at(-1);
    assert.deepEqual(
      [event, data.error.status, data.error.code],
      ['failed', 415, 'ERR_UPSCALER_UNSUPPORTED_FORMAT'],
    );
    const response = await fetch(job);
    assert.equal(response.status, 415);
    assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  });
});

test('jobs, bytes and results are limited', async () => {
  const status = async (jobs) => (await fetch(jobs, { method: 'POST', body: png })).status;
  await serving({ ...DOUBLER, jobs: { max: 1 } }, async (jobs) => {
    assert.deepEqual([await status(jobs), await status(jobs)], [202, 503]);
  });
  await serving({ ...DOUBLER, jobs: { maxBytes: 1 } }, async (jobs) => {
    await readEvents(`${await add(jobs)}/events`);
    assert.equal(await status(jobs), 503);
  });
  await serving({ ...DOUBLER, limits: { totalBytes: png.length - 1 } }, async (jobs) => {
    assert.equal(await status(jobs), 503);
  });
});

test('jobs that failed or were fetched make room for new ones', async () => {
  const status = async (jobs) => (await fetch(jobs, { method: 'POST', body: png })).status;
  await serving({ ...DOUBLER, jobs: { max: 2 } }, async (jobs) => {
    const failed = await add(jobs, Buffer.from('not a picture'));
    await readEvents(`${failed}/events`);
    const first = await add(jobs);
    await readEvents(`${first}/events`);
    const second = await add(jobs);
    assert.equal((await fetch(failed)).status, 404);
    await readEvents(`${second}/events`);
    assert.equal(await status(jobs), 503);
    await assertDoubled(Buffer.from(await (await fetch(second)).arrayBuffer()));
    assert.equal(await status(jobs), 202);
    assert.deepEqual([(await fetch(first)).status, (await fetch(second)).status], [200, 404]);
  });
  await serving({ ...DOUBLER, jobs: { maxBytes: 1 } }, async (jobs) => {
    const failed = await add(jobs, Buffer.from('not a picture'));
    await readEvents(`${failed}/events`);
    const job = await add(jobs);
    await readEvents(`${job}/events`);
    await (await fetch(job)).arrayBuffer();
    assert.equal(await status(jobs), 202);
    // What failed takes no room of results.
    assert.deepEqual([(await fetch(failed)).status, (await fetch(job)).status], [415, 404]);
  });
});

test('of the name of a picture a job keeps what may be used, not what was sent', async () => {
  const store = new OneJob();
  const image = png.toString('base64');
  const headers = { 'content-type': 'application/json' };
  const post = async (jobs, body) =>
    assert.equal((await fetch(jobs, { method: 'POST', ...body })).status, 202);
  await serving({ ...DOUBLER, jobs: store }, async (jobs) => {
    const json = (filename) => post(jobs, { headers, body: JSON.stringify({ image, filename }) });
    const form = new FormData();
    form.set('photo', new Blob([png]), `${'y'.repeat(5000)}.png`);
    await json(`C:\\photos/${'x'.repeat(1e6)}.png`);
    await json('/'.repeat(1e6));
    await json('/a/übung.png');
    await post(jobs, { body: form });
    const names = store.added.map(({ filename }) => filename);
    assert.deepEqual(names, ['x'.repeat(255), '', 'übung.png', 'y'.repeat(255)]);
  });
  const long = `${'z'.repeat(6e6)}${image}`;
  await serving({ ...DOUBLER, limits: { jsonBytes: 10e6 } }, async (jobs) => {
    global.gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 12; i++) {
      await post(jobs, { headers, body: JSON.stringify({ image, filename: long + i }) });
    }
    await eventually(() => {
      global.gc();
      return process.memoryUsage().heapUsed - before < 30e6;
    });
  });
});

test('paths and methods that are not there', async () => {
  await serving(DOUBLER, async (jobs) => {
    const unknown = `${jobs}/00000000-0000-0000-0000-000000000000`;
    assert.equal((await fetch(jobs)).status, 404);
    assert.equal((await fetch(unknown)).status, 404);
    assert.equal((await fetch(`${unknown}/events`)).status, 404);
    assert.equal((await fetch(unknown, { method: 'DELETE' })).status, 404);
    const job = await add(jobs);
    assert.equal((await fetch(job, { method: 'PUT' })).status, 405);
    assert.equal((await fetch(job, { method: 'POST', body: png })).status, 405);
    assert.equal((await fetch(`${job}/events`, { method: 'DELETE' })).status, 405);
    const options = await fetch(job, { method: 'OPTIONS' });
    assert.deepEqual([options.status, options.headers.get('allow')], [204, 'GET, HEAD, DELETE, OPTIONS']);
  });
});

test('someone who waits goes before jobs', async () => {
  const upscale = createUpscale({ instance: {}, concurrency: 1 });
  const app = express().use('/jobs', upscale.jobs).post('/upscale', upscale.upscale);
  await withServer(app, async (origin) => {
    const large = await largePng(300);
    const [, second] = [await add(`${origin}/jobs`, large), await add(`${origin}/jobs`, large)];
    const response = await fetch(`${origin}/upscale`, { method: 'POST', body: large });
    assert.equal(response.status, 200);
    assert.equal((await fetch(second)).status, 202);
  });
  await upscale.close();
});

test('draining waits for jobs and for whoever fetches them', async () => {
  await serving(DOUBLER, async (jobs, upscale) => {
    const job = await add(jobs);
    let drained = false;
    const draining = upscale.drain().then(() => (drained = true));
    await readEvents(`${job}/events`);
    assert.equal(drained, false);
    assert.equal((await fetch(jobs, { method: 'POST', body: png })).status, 503);
    // One that is refused leaves no timer of its request behind.
    assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
    await (await fetch(job)).arrayBuffer();
    await draining;
  });
});

test('a listener that leaves is forgotten', async () => {
  await serving({ instance: {}, concurrency: 1 }, async (jobs) => {
    const job = await add(jobs, await largePng(400));
    for (let i = 0; i < 20; i++) {
      const controller = new AbortController();
      await fetch(`${job}/events`, { signal: controller.signal });
      controller.abort();
    }
    assert.equal((await readEvents(`${job}/events`)).at(-1).event, 'done');
  });
});

test('a listener that leaves while the store is asked is forgotten', async () => {
  const store = new OneJob();
  let answer;
  const asked = new Promise((resolve) => (answer = resolve));
  let asking = false;
  store.get = async () => {
    asking = true;
    await asked;
    return { id: store.id, state: 'active', percent: 0 };
  };
  let closed = false;
  const upscale = createUpscale({ ...DOUBLER, jobs: store });
  const app = (req, res) => {
    res.once('close', () => (closed = true));
    return upscale.jobs(req, res);
  };
  await withServer(app, async (origin) => {
    const client = http.get(`${origin}/jobs/${store.id}/events`, { agent: false });
    client.on('error', () => {});
    await eventually(() => asking);
    client.destroy();
    await eventually(() => closed);
    answer();
    await eventually(() => store.listening === 1 && store.left === 1);
  });
  await upscale.close();
});

test('events end with the store that they come from', async () => {
  const store = new OneJob();
  let asked = 0;
  store.get = async () => {
    if ((asked += 1) > 1) throw new Error('The store is gone');
    return { id: store.id, state: 'active', percent: 0 };
  };
  await serving({ ...DOUBLER, jobs: store }, async (jobs) => {
    const end = unread(`${jobs}/${store.id}/events`).then(read);
    await assert.rejects(end, { code: 'ECONNRESET' });
    await eventually(() => store.left === 1);
  });
});

test('the same routes as Request and Response', async () => {
  const upscale = createWeb(DOUBLER);
  const ask = (path, init) => upscale.jobs(new Request(`http://host${path}`, init));
  const { links } = await (await ask('/jobs', { method: 'POST', body: png })).json();
  const events = await (await ask(links.events)).text();
  assert.match(events, /event: done\nid: end\ndata: {/);
  await assertDoubled(Buffer.from(await (await ask(links.self)).arrayBuffer()));
  await upscale.close();
});

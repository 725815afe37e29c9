'use strict';

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, suite, test } = require('node:test');
const { FileStore, UpscaleQueue, UpscaleWorker, jobStore } = require('@upscaler-node/bullmq');
const express = require('express');
const { createUpscale } = require('upscaler-node/express');
const { DOUBLER, assertDoubled, largePng, smallPng } = require('../support/doubled');
const { readEvents } = require('../support/events');
const { eventually, withServer } = require('../support/http');
const { RedisServer, SKIP } = require('../support/redis');
const { statesOf, withQueue } = require('./with-queue');

suite('a queue and a worker', { skip: SKIP }, () => {
  let redis;
  let png;
  let folder;
  before(async () => {
    redis = await RedisServer.start();
    png = await smallPng();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-store-'));
  });
  after(async () => {
    await redis.stop();
    fs.rmSync(folder, { recursive: true });
  });

  test('a picture comes back doubled, with its progress', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const job = await queue.add(png, { format: 'png' });
      const seen = [];
      const watching = (async () => {
        for await (const progress of job.progress()) seen.push(progress);
      })();
      await work();
      const { data, info } = await job.finished();
      await assertDoubled(data);
      assert.deepEqual([info.width, info.height, info.format], [24, 16, 'png']);
      await watching;
      assert.equal(seen.at(-1).percent, 100);
      assert.deepEqual(await queue.counts(), { waiting: 0, delayed: 0, active: 0, completed: 1, failed: 0 });
    });
  });

  test('the same picture, options and model are done once; its result serves again', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const seen = statesOf(await work());
      const jobs = await Promise.all([
        queue.add(png),
        queue.add(png),
        queue.add(png, { quality: undefined }),
      ]);
      await Promise.all(jobs.map((job) => job.finished()));
      const again = await queue.add(png);
      await assertDoubled((await again.finished()).data);
      assert.equal(new Set([...jobs, again].map(({ id }) => id)).size, 1);
      await eventually(() => seen.length > 1);
      assert.deepEqual(seen, [
        ['active', again.id],
        ['completed', again.id],
      ]);

      const others = [await queue.add(png, { scale: 3 }), await queue.add(png, { deduplicate: false })];
      await Promise.all(others.map((job) => job.finished()));
      // The producer may hear of it before the worker does.
      const completed = () => seen.filter(([event]) => event === 'completed').length;
      await eventually(() => completed() === 3);
    });
  });

  test('results travel beside the events, which every producer reads', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      await work();
      const { data } = await (await queue.add(png, { format: 'png' })).finished();
      const stream = await redis.command('xrange', queue.queue.toKey('events'), '-', '+');
      const events = JSON.stringify(stream);
      assert.match(events, /completed/);
      assert.ok(!events.includes(data.toString('base64').slice(0, 40)));
      assert.ok(events.length < 5000, `${events.length} characters`);
    });
  });

  test('a result that has expired is made again for who asks anew', async () => {
    await withQueue(redis, { ttl: 1000 }, async (queue, work) => {
      await work();
      const job = await queue.add(png);
      await job.finished();
      const key = queue.queue.toKey(`result:${job.id}`);
      const seconds = Number(await redis.command('ttl', key));
      assert.ok(seconds > 1 && seconds <= 61, `${seconds} s`);
      // As after a minute in which no other job ended.
      await redis.command('del', key);
      await assert.rejects(job.finished(), { code: 'ERR_UPSCALER_READ', message: /expired/ });
      const again = await queue.add(png);
      assert.equal(again.id, job.id);
      await assertDoubled((await again.finished()).data);
      await again.remove();
      assert.equal(await redis.command('exists', key), 0);
      assert.equal(await queue.get(job.id), undefined);
    });
  });

  test('what cannot succeed is tried once, and says why', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const seen = statesOf(await work({ instance: { ...DOUBLER.instance, limitInputPixels: 2000 } }));
      const cases = [
        [Buffer.from('not a picture'), {}, 'ERR_UPSCALER_UNSUPPORTED_FORMAT', 415],
        [png.subarray(0, 60), {}, 'ERR_UPSCALER_DECODE', 422],
        [await largePng(50), {}, 'ERR_UPSCALER_LIMIT', 413],
        [png, { quality: 999 }, 'ERR_INVALID_ARG_VALUE', 400],
        [png, { model: '/etc/passwd' }, 'ERR_INVALID_ARG_VALUE', 400],
      ];
      for (const [image, options, code, status] of cases) {
        const job = await queue.add(image, options);
        await assert.rejects(job.finished(), { code, statusCode: status });
        assert.equal(seen.filter(([event, id]) => event === 'active' && id === job.id).length, 1, code);
      }
      await assert.rejects(queue.add(png, { signal: AbortSignal.abort() }), {
        code: 'ERR_INVALID_ARG_VALUE',
      });
      await assert.rejects(queue.add({ path: '/missing.png' }), { code: 'ERR_UPSCALER_READ' });
      await assert.rejects(queue.add({}), { code: 'ERR_INVALID_ARG_TYPE' });
    });
  });

  test('what may succeed is tried again, and once more when it is asked for anew', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const store = new FileStore(folder);
      await store.put('flaky.png', png);
      let failures = 3;
      const flaky = {
        version: () => 'v1',
        get: (key) => (failures-- > 0 ? Promise.reject(new Error('not now')) : store.get(key)),
      };
      const producer = new UpscaleQueue({
        connection: redis.connection,
        name: queue.queue.name,
        store: flaky,
      });
      const worker = await work({ store: flaky });
      const seen = statesOf(worker);
      const job = await producer.add({ key: 'flaky.png' }, { attempts: 2, backoff: 10 });
      await assert.rejects(job.finished(), { code: 'ERR_UPSCALER_INFERENCE' });
      assert.equal(seen.filter(([event]) => event === 'active').length, 2);
      const again = await producer.add({ key: 'flaky.png' }, { attempts: 2, backoff: 10 });
      assert.equal(again.id, job.id);
      await assertDoubled((await again.finished()).data);
      await producer.close();
    });
  });

  test('pictures that are too large for Redis go through the store', async () => {
    const store = new FileStore(folder);
    await withQueue(redis, { store, inlineLimit: 100 }, async (queue, work) => {
      await work();
      const { data, key } = await (await queue.add(png)).finished();
      await assertDoubled(data);
      assert.match(key, /^results\//);
      assert.deepEqual(await store.get(key), data);
      const [{ data: kept }] = await queue.queue.getCompleted();
      assert.match(kept.picture.key, /^inputs\//);

      await store.put('uploads/mine.png', png);
      await assertDoubled((await (await queue.add({ key: 'uploads/mine.png' })).finished()).data);
      const file = path.join(folder, 'mine.png');
      fs.writeFileSync(file, png);
      await assertDoubled((await (await queue.add({ path: file }, { scale: 2 })).finished()).data);
      await assert.rejects(queue.add({ key: '../../etc/passwd' }), { code: 'ERR_INVALID_ARG_VALUE' });
      await assert.rejects(queue.add({ key: 'uploads/none.png' }), { code: 'ERR_UPSCALER_READ' });

      assert.equal(await store.prune(3_600_000), 0);
      assert.ok((await store.prune(0)) >= 2);
      await assert.rejects(store.get(key), { code: 'ERR_UPSCALER_READ' });
      assert.ok(await store.get('uploads/mine.png'));
    });
    await withQueue(redis, { inlineLimit: 100 }, async (queue) => {
      await assert.rejects(queue.add(png), { code: 'ERR_UPSCALER_LIMIT', message: /without a store/ });
    });
  });

  test('priorities, delays and bulk', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const order = [];
      const add = (filename, options) => queue.add(png, { filename, deduplicate: false, ...options });
      const jobs = [
        await add('low', { priority: 9 }),
        await add('high', { priority: 1 }),
        await add('usual'),
      ];
      const delayed = await add('later', { delay: 300_000 });
      const bulk = await queue.addBulk([
        { source: png, options: { filename: 'bulk', deduplicate: false } },
        { source: png, options: { filename: 'bulk', deduplicate: false } },
      ]);
      assert.deepEqual(await queue.counts(), { waiting: 5, delayed: 1, active: 0, completed: 0, failed: 0 });
      assert.ok((await queue.oldestWait()) >= 0);
      const worker = await work({ concurrency: 1 });
      worker.on('active', (job) => order.push(job.data.filename));
      await Promise.all([...jobs, ...bulk].map((job) => job.finished()));
      // Whatever it took before anybody listened is the first of the usual ones.
      assert.deepEqual(order.slice(-2), ['high', 'low']);
      assert.equal(await delayed.job.getState(), 'delayed');
      await delayed.job.promote();
      await assertDoubled((await delayed.finished()).data);
    });
  });

  test('a rate limit holds for all workers', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const limiter = { max: 1, duration: 3_600_000 };
      for (let i = 0; i < 3; i++) await queue.add(png, { deduplicate: false });
      await work({ limiter });
      await work({ limiter });
      await eventually(async () => (await queue.counts()).completed === 1);
      assert.equal((await queue.counts()).waiting, 2);
    });
  });

  test('a job is cancelled while it waits and while it is worked on', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const large = await largePng(900);
      const waiting = await queue.add(large);
      const rejected = assert.rejects(waiting.finished(), { name: 'AbortError' });
      assert.equal(await queue.cancel(waiting.id), true);
      await rejected;
      assert.equal(await queue.get(waiting.id), undefined);

      const worker = await work({ instance: {} });
      const active = await queue.add(large, { scale: 3 });
      await eventually(() => active.job.isActive());
      const stopped = assert.rejects(active.finished(), { name: 'AbortError', code: 'ABORT_ERR' });
      assert.equal(await queue.cancel(active.id), true);
      await stopped;
      assert.equal(await queue.cancel(active.id), false);
      assert.equal(await queue.cancel('unknown'), false);
      await worker.close({ grace: 0 });
    });
  });

  test('what was cancelled is done for who asks for the same again', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const waiting = await queue.add(png);
      assert.equal(await queue.cancel(waiting.id), true);
      const again = await queue.add(png);
      assert.equal(again.id, waiting.id);
      await work();
      await assertDoubled((await again.finished()).data);

      await work({ instance: {} });
      const large = await largePng(900);
      const active = await queue.add(large, { model: 'denoise-2x-0' });
      await eventually(() => active.job.isActive());
      await queue.cancel(active.id);
      await assert.rejects(active.finished(), { code: 'ABORT_ERR' });
      const anew = await queue.add(large, { model: 'denoise-2x-0' });
      assert.equal(anew.id, active.id);
      await eventually(async () => ['active', 'completed'].includes(await anew.job.getState()));
      assert.equal(await queue.cancel(anew.id), true);
    });
  });

  test('waiting ends by signal and timeout, and the job goes on', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const job = await queue.add(png);
      await assert.rejects(job.finished({ timeout: 20 }), { code: 'ERR_UPSCALER_TIMEOUT' });
      await assert.rejects(job.finished({ signal: AbortSignal.timeout(20) }), { code: 'ABORT_ERR' });
      await assert.rejects(job.finished({ signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
      await work();
      await assertDoubled((await job.finished()).data);
    });
  });

  test('a full queue refuses', async () => {
    await withQueue(redis, { maxPending: 2 }, async (queue) => {
      const add = () => queue.add(png, { deduplicate: false });
      await add();
      await assert.rejects(queue.addBulk([{ source: png }, { source: png }]), {
        code: 'ERR_UPSCALER_QUEUE_FULL',
      });
      await add();
      await assert.rejects(add(), {
        code: 'ERR_UPSCALER_QUEUE_FULL',
        statusCode: 503,
        message: /2 wait already/,
      });
    });
  });

  test("HTTP's routes are the same over the queue", async () => {
    const name = randomUUID();
    const options = { connection: redis.connection, name };
    const worker = new UpscaleWorker({ ...DOUBLER, ...options });
    // Two servers: what one took, the other knows.
    const servers = [0, 1].map(() => createUpscale({ ...DOUBLER, jobs: jobStore(options) }));
    const app = express();
    servers.forEach((server, i) => app.use(`/${i}/jobs`, server.jobs));
    await withServer(app, async (origin) => {
      const post = (body) => fetch(`${origin}/0/jobs?scale=2`, { method: 'POST', body });
      const { id } = await (await post(png)).json();
      const events = await readEvents(`${origin}/1/jobs/${id}/events`);
      assert.deepEqual([events.at(-1).event, events.at(-1).data.result.width], ['done', 24]);
      await assertDoubled(Buffer.from(await (await fetch(`${origin}/1/jobs/${id}`)).arrayBuffer()));

      const bad = await (await post(Buffer.from('not a picture'))).json();
      const last = (await readEvents(`${origin}/1/jobs/${bad.id}/events`)).at(-1);
      assert.deepEqual([last.event, last.data.error.code], ['failed', 'ERR_UPSCALER_UNSUPPORTED_FORMAT']);
      assert.equal((await fetch(`${origin}/1/jobs/${bad.id}`)).status, 415);

      await worker.worker.pause();
      const first = await (await post(png)).json();
      const second = await (await post(png)).json();
      const view = await fetch(`${origin}/1/jobs/${second.id}`, { headers: { accept: 'application/json' } });
      const { state, position } = await view.json();
      assert.deepEqual([state, position], ['waiting', 2]);
      const following = readEvents(`${origin}/1/jobs/${second.id}/events`);
      const cancelled = await fetch(`${origin}/1/jobs/${second.id}`, { method: 'DELETE' });
      assert.equal((await cancelled.json()).state, 'cancelled');
      assert.equal((await following).at(-1).event, 'cancelled');
      worker.worker.resume();
      assert.equal((await readEvents(`${origin}/1/jobs/${first.id}/events`)).at(-1).event, 'done');
    });
    await Promise.all(servers.map((server) => server.close()));
    await worker.close();
  });
});

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, suite, test } = require('node:test');
const { FileStore } = require('@upscaler-node/bullmq');
const { DOUBLER, assertDoubled, smallPng } = require('../support/doubled');
const { eventually } = require('../support/http');
const { RedisServer, SKIP } = require('../support/redis');
const { WAIT, statesOf, timesActive, withQueue } = require('./with-queue');

suite('what is kept of jobs that have ended', { skip: SKIP }, () => {
  let redis;
  let png;
  let folder;
  before(async () => {
    redis = await RedisServer.start();
    png = await smallPng();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-kept-'));
  });
  after(async () => {
    await redis.stop();
    fs.rmSync(folder, { recursive: true });
  });

  /** When BullMQ would remove it, did another job end then. */
  async function untilOld(queue, id, ttl) {
    const finishedOn = Number(await redis.command('hget', queue.queue.toKey(id), 'finishedOn'));
    await eventually(() => Date.now() > finishedOn + ttl);
  }

  /** Makes the time come until which a failed job is kept. */
  async function letGo(queue, id, ttl) {
    const [key, hash] = [queue.queue.toKey('failed:kept-until'), queue.queue.toKey(id)];
    const finishedOn = Number(await redis.command('hget', hash, 'finishedOn'));
    // It is set just before BullMQ notes when the job failed.
    const lead = finishedOn + ttl - Number(await redis.command('zscore', key, id));
    assert.ok(lead >= 0 && lead < ttl / 2, `${lead} ms`);
    await redis.command('zadd', key, '0', id);
  }

  test('a result that the store has no longer is made again', async () => {
    const files = new FileStore(folder);
    // One without versions, as a store of one's own may be.
    const plain = { put: (...args) => files.put(...args), get: (key) => files.get(key) };
    for (const store of [files, plain]) {
      await withQueue(redis, { store, inlineLimit: 0 }, async (queue, work) => {
        const seen = statesOf(await work());
        const { key } = await (await queue.add(png)).finished(WAIT);
        await (await queue.add(png)).finished(WAIT);
        assert.equal(timesActive(seen), 1);
        await files.delete(key);
        const again = await queue.add(png);
        await assertDoubled((await again.finished(WAIT)).data);
        assert.equal(timesActive(seen), 2);
        await files.delete(key);
        const [variant] = await (await queue.addVariants(png, [{}])).variants(WAIT);
        await assertDoubled(variant.data);
      });
    }
  });

  test('a result that is old is made again, though no other job ended and the store still has it', async () => {
    const ttl = 1000;
    await withQueue(redis, { store: new FileStore(folder), inlineLimit: 0, ttl }, async (queue, work) => {
      const seen = statesOf(await work());
      const job = await queue.add(png);
      await job.finished(WAIT);
      await untilOld(queue, job.id, ttl);
      const again = await queue.add(png);
      assert.equal(again.id, job.id);
      await assertDoubled((await again.finished(WAIT)).data);
      assert.equal(timesActive(seen), 2);
    });
  });

  test('a result of the second attempt is made again when it is gone', async () => {
    const files = new FileStore(folder);
    let failures = 1;
    const store = {
      put: (...args) => files.put(...args),
      version: (key) => files.version(key),
      get: (key) =>
        key.startsWith('inputs/') && failures-- > 0 ? Promise.reject(new Error('not now')) : files.get(key),
    };
    await withQueue(redis, { store, inlineLimit: 0 }, async (queue, work) => {
      await work();
      const { key } = await (await queue.add(png, { backoff: 1 })).finished(WAIT);
      await files.delete(key);
      await assertDoubled((await (await queue.add(png)).finished(WAIT)).data);
    });
  });

  test('what cannot succeed leaves its picture, and goes after ttl', async () => {
    await withQueue(redis, { ttl: 600_000 }, async (queue, work) => {
      const seen = statesOf(await work({ stalledInterval: 100 }));
      const junk = Buffer.concat([png.subarray(0, 60), Buffer.alloc(500_000)]);
      const failure = { code: 'ERR_UPSCALER_UNSUPPORTED_FORMAT' };
      const job = await queue.add(junk, { filename: 'junk.png' });
      await assert.rejects(job.finished(WAIT), failure);
      const key = queue.queue.toKey(job.id);
      const data = await redis.command('hget', key, 'data');
      assert.equal(JSON.parse(data).filename, 'junk.png');
      assert.ok(data.length < 1000, `${data.length} bytes`);

      await letGo(queue, job.id, 600_000);
      await eventually(async () => (await queue.counts()).failed === 0);
      assert.equal(await redis.command('exists', key), 0);
      assert.equal(await queue.get(job.id), undefined);
      await assert.rejects((await queue.add(junk)).finished(WAIT), failure);
      assert.equal(timesActive(seen), 2);
    });
  });

  test('what failed for a reason that may be gone has its picture until then', async () => {
    const files = new FileStore(folder);
    const store = { get: (key) => files.get(key), put: () => Promise.reject(new Error('not now')) };
    await withQueue(redis, { ttl: 600_000 }, async (queue, work) => {
      await work({ store, inlineLimit: 0, stalledInterval: 100 });
      const job = await queue.add(png, { attempts: 2, backoff: 1 });
      await assert.rejects(job.finished(WAIT), { code: 'ERR_UPSCALER_INFERENCE' });
      assert.ok((await queue.get(job.id)).job.data.picture.inline);
      await letGo(queue, job.id, 600_000);
      await eventually(async () => (await queue.get(job.id)) === undefined);
      assert.equal((await queue.counts()).failed, 0);
    });
  });

  test('one that is asked for again has its picture again', async () => {
    const ttl = 1000;
    await withQueue(redis, { ttl }, async (queue, work) => {
      // Nobody looks for it before it is asked for again.
      const limited = { instance: { ...DOUBLER.instance, limitInputPixels: 10 }, stalledInterval: 3_600_000 };
      const worker = await work(limited);
      const job = await queue.add(png);
      await assert.rejects(job.finished(WAIT), { code: 'ERR_UPSCALER_LIMIT' });
      assert.equal((await queue.get(job.id)).job.data.picture, undefined);
      await worker.close();
      await untilOld(queue, job.id, ttl);
      const again = await queue.add(png);
      assert.equal(again.id, job.id);
      await work({ stalledInterval: 100 });
      await assertDoubled((await again.finished(WAIT)).data);
      // What was to go after the first run stays with the second.
      await eventually(
        async () => (await redis.command('zcard', queue.queue.toKey('failed:kept-until'))) === 0,
      );
      assert.equal((await queue.counts()).completed, 1);
    });
  });

  test('one whose worker was lost while it failed fails with the same reason', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const job = await queue.add(png);
      await job.job.updateData({ options: {}, failure: '[ERR_UPSCALER_DECODE] Expected a picture' });
      await work();
      await assert.rejects(job.finished(WAIT), {
        code: 'ERR_UPSCALER_DECODE',
        message: 'Expected a picture',
      });
    });
  });
});

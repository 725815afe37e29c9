'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, suite, test } = require('node:test');
const { FileStore } = require('@upscaler-node/bullmq');
const { assertDoubled, smallPng } = require('../support/doubled');
const { eventually } = require('../support/http');
const { RedisServer, SKIP } = require('../support/redis');
const { statesOf, withQueue } = require('./with-queue');

const WAIT = { timeout: 60_000 };

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

  const timesActive = (seen) => seen.filter(([event]) => event === 'active').length;

  /** When BullMQ would remove it, did another job end then. */
  async function untilOld(queue, id, ttl) {
    const finishedOn = Number(await redis.command('hget', queue.queue.toKey(id), 'finishedOn'));
    await eventually(() => Date.now() > finishedOn + ttl);
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
});

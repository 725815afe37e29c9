'use strict';

const assert = require('node:assert/strict');
const { after, before, suite, test } = require('node:test');
const { assertDoubled, largePng, smallPng } = require('../support/doubled');
const { eventually } = require('../support/http');
const { RedisServer, SKIP } = require('../support/redis');
const { WAIT, withQueue } = require('./with-queue');

suite('waiting for a job', { skip: SKIP }, () => {
  let redis;
  let png;
  before(async () => {
    redis = await RedisServer.start();
    png = await smallPng();
  });
  after(() => redis.stop());

  /** @param {import('@upscaler-node/bullmq').UpscaleQueue} queue */
  function listenersOf({ queue, events }) {
    const count = (emitter) =>
      emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
    return [count(queue), count(events)];
  }

  test('leaves no listener, however it ends', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      await (await queue.add(png, { scale: 3 })).job.remove();
      const before = listenersOf(queue);
      for (let i = 0; i < 20; i++) {
        const job = await queue.add(png);
        const leaving = new AbortController();
        const waits = [job.finished({ signal: leaving.signal }), job.variants({ timeout: 1 })];
        const progress = job.progress();
        const first = progress.next();
        leaving.abort();
        await assert.rejects(waits[0], { code: 'ABORT_ERR' });
        await assert.rejects(waits[1], { code: 'ERR_UPSCALER_TIMEOUT' });
        assert.equal(await queue.cancel(job.id), true);
        assert.equal((await first).done, true);
      }
      assert.deepEqual(listenersOf(queue), before);

      await work();
      const [good, bad] = [await queue.add(png), await queue.add(png.subarray(0, 60))];
      const watched = good.progress();
      const leaving = watched.next().then(() => watched.return());
      await assertDoubled((await good.finished(WAIT)).data);
      await assert.rejects(bad.finished(WAIT), { code: 'ERR_UPSCALER_DECODE' });
      await leaving;
      await eventually(() => `${listenersOf(queue)}` === `${before}`);
    });
  });

  test('progress that nobody looks at any more is listened to no longer', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      await work({ instance: {} });
      const before = listenersOf(queue);
      const job = await queue.add(await largePng(900), { scale: 3 });
      for await (const { percent } of job.progress()) {
        assert.ok(percent <= 100);
        break;
      }
      assert.deepEqual(listenersOf(queue), before);
      await queue.cancel(job.id);
    });
  });

  test('does not hold the picture', { skip: global.gc ? false : 'needs --expose-gc' }, async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const wait = async () => {
        const job = await queue.add(png);
        return { picture: new WeakRef(job.job.data), finished: job.finished(WAIT) };
      };
      const { picture, finished } = await wait();
      await eventually(() => {
        global.gc();
        return picture.deref() === undefined;
      });
      await work();
      await assertDoubled((await finished).data);
    });
  });

  test('is for the run that was asked for, not for one before', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const job = await queue.add(png);
      const finished = job.finished(WAIT);
      await eventually(() => queue.events.listenerCount(`failed:${job.id}`) > 0);
      // As it comes late to a producer that has much to read.
      for (const event of ['failed', 'completed', 'removed']) {
        const fields = ['jobId', job.id, 'failedReason', 'of before', 'returnvalue', 'null'];
        await redis.command('xadd', queue.queue.toKey('events'), '*', 'event', event, ...fields);
      }
      await work();
      await assertDoubled((await finished).data);
    });
  });

  test('a job that is there no longer is not waited for', async () => {
    await withQueue(redis, {}, async (queue) => {
      const job = await queue.add(png);
      await queue.cancel(job.id);
      await assert.rejects(job.finished(WAIT), { code: 'ABORT_ERR' });
      await assert.rejects(job.variants(WAIT), { code: 'ABORT_ERR' });
    });
  });
});

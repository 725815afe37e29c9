'use strict';

const assert = require('node:assert/strict');
const { after, before, suite, test } = require('node:test');
const sharp = require('sharp');
const { smallPng } = require('../support/doubled');
const { eventually } = require('../support/http');
const { RedisServer, SKIP } = require('../support/redis');
const { WAIT, statesOf, timesActive, withQueue } = require('./with-queue');

suite('variants of one picture', { skip: SKIP }, () => {
  const widths = [36, 12, 24];
  const variants = widths.map((width) => ({ width, format: 'webp' }));
  let redis;
  let png;
  before(async () => {
    redis = await RedisServer.start();
    png = await smallPng();
  });
  after(() => redis.stop());

  /** @param {{ data: Buffer, info: object }[]} results */
  async function assertVariants(results) {
    assert.equal(results.length, widths.length);
    for (const [i, { data, info }] of results.entries()) {
      const { width, format } = await sharp(data).metadata();
      assert.deepEqual([width, format, info.width], [widths[i], 'webp', widths[i]]);
    }
  }

  test('they come in their order, with their progress', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      await work();
      const job = await queue.addVariants(png, variants);
      await assertVariants(await job.variants(WAIT));
      assert.equal((await job.finished(WAIT)).info.width, widths[0]);
      const seen = [];
      for await (const progress of job.progress()) seen.push(progress);
      assert.equal(seen.at(-1).percent, 100);
      await assert.rejects(queue.addVariants(png, []), { code: 'ERR_INVALID_ARG_VALUE' });
    });
  });

  test('who asks for them again gets the same, made once', async () => {
    await withQueue(redis, {}, async (queue, work, produce) => {
      const seen = statesOf(await work());
      await (await queue.add(png, variants[1])).finished(WAIT);
      const jobs = [await queue.addVariants(png, variants)];
      await assertVariants(await jobs[0].variants(WAIT));
      jobs.push(await queue.addVariants(png, variants), await produce().addVariants(png, variants));
      for (const job of jobs.slice(1)) await assertVariants(await job.variants(WAIT));
      assert.equal(new Set(jobs.map(({ id }) => id)).size, 1);
      const known = await produce().get(jobs[0].id);
      await assertVariants(await known.variants(WAIT));
      const [twice, once] = [
        await queue.addVariants(png, [variants[0], variants[0]]),
        await queue.get('no+no'),
      ];
      assert.deepEqual(
        (await twice.variants(WAIT)).map(({ info }) => info.width),
        [widths[0], widths[0]],
      );
      assert.equal(once, undefined);
      assert.equal(timesActive(seen), variants.length);
    });
  });

  test('several producers ask for them while they wait', async () => {
    await withQueue(redis, {}, async (queue, work, produce) => {
      const producers = [queue, produce(), produce()];
      const jobs = await Promise.all(producers.map((producer) => producer.addVariants(png, variants)));
      const waiting = jobs.map((job) => job.variants(WAIT));
      assert.equal((await queue.counts()).waiting, variants.length);
      const seen = statesOf(await work());
      for (const results of await Promise.all(waiting)) await assertVariants(results);
      await eventually(async () => (await queue.counts()).completed === variants.length);
      assert.ok(timesActive(seen) <= variants.length);
    });
  });

  test('a damaged picture rejects whoever asks, and however it was asked for before', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      await work();
      const damaged = png.subarray(0, 60);
      const failure = { code: 'ERR_UPSCALER_DECODE', statusCode: 422 };
      await assert.rejects((await queue.add(damaged, variants[0])).finished(WAIT), failure);
      for (let i = 0; i < 3; i++) {
        const job = await queue.addVariants(damaged, variants);
        await assert.rejects(job.variants(WAIT), failure);
      }
    });
  });

  test('they are cancelled and forgotten together', async () => {
    await withQueue(redis, {}, async (queue, work) => {
      const job = await queue.addVariants(png, variants);
      const rejected = assert.rejects(job.variants(WAIT), { name: 'AbortError' });
      assert.equal(await queue.cancel(job.id), true);
      await rejected;
      assert.equal(await queue.cancel(job.id), false);
      await work();
      const again = await queue.addVariants(png, variants);
      await assertVariants(await again.variants(WAIT));
      await again.remove();
      assert.equal(await queue.get(again.id), undefined);
      assert.equal((await queue.counts()).completed, 0);
    });
  });
});

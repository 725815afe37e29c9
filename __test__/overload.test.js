'use strict';

const assert = require('node:assert/strict');
const { performance } = require('node:perf_hooks');
const { PassThrough } = require('node:stream');
const { test } = require('node:test');
const { withUpscaler } = require('./support/with-upscaler');

/** More than can be done in time: what can be is, in order, and the rest is turned away. */

const picture = (side) => ({
  data: new Uint8Array(3 * side * side).fill(90),
  width: side,
  height: side,
  channels: 3,
});

test('of many calls with a timeout some are done, the first among them, and the rest is refused', async () => {
  await withUpscaler({ model: 'span-2x' }, async (upscaler) => {
    const image = picture(64);
    for (let i = 0; i < 3; i++) await upscaler.upscale(image);
    const begun = performance.now();
    await upscaler.upscale(image, { timeout: 60_000 });
    // Long enough for some, on a machine that others use too, and for less than half of them.
    const timeout = 6 * (performance.now() - begun) + 100;
    const calls = Array.from({ length: 200 }, () => upscaler.upscale(image, { timeout }));
    const results = await Promise.allSettled(calls);
    const done = results.filter(({ status }) => status === 'fulfilled').length;
    const codes = new Set(results.flatMap(({ reason }) => (reason ? [reason.code] : [])));
    assert.ok(done > 0, 'none was done');
    assert.ok(done < 200, 'all were done');
    assert.deepEqual([...codes], ['ERR_UPSCALER_TIMEOUT']);
    assert.equal(results[0].status, 'fulfilled', 'the first came first');
    const counters = upscaler.counters();
    assert.deepEqual([counters.queued, counters.running], [0, 0]);
    assert.equal(counters.done + counters.failed + counters.aborted, 204);
    assert.ok(counters.refused <= counters.failed);
    assert.ok(await upscaler.upscale(image), 'the next works');
  });
});

test('what is refused because the queue is full is counted', async () => {
  await withUpscaler({ model: 'span-2x', concurrency: 1, maxPending: 1 }, async (upscaler) => {
    await upscaler.ready;
    const silent = Array.from({ length: 5 }, () => new PassThrough());
    const calls = silent.map((stream) =>
      upscaler.upscale(stream, { timeout: 500 }).catch(({ code }) => code),
    );
    const codes = await Promise.all(calls);
    assert.deepEqual(codes.filter((code) => code === 'ERR_UPSCALER_QUEUE_FULL').length, 3);
    assert.deepEqual(upscaler.counters(), {
      queued: 0,
      running: 0,
      done: 0,
      failed: 3,
      aborted: 2,
      refused: 3,
    });
    assert.ok(await upscaler.upscale(picture(8)), 'its place is free again');
  });
});

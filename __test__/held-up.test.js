'use strict';

const assert = require('node:assert/strict');
const { buffer } = require('node:stream/consumers');
const { after, before, test } = require('node:test');
const Upscaler = require('..');
const { NEAREST, pattern } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

/** What one picture waits for holds up no other: its reader, its caller's code, or its instance. */

const THREADS = 1;
/** The pictures of the process that run at a time without a deadline, eight for each thread, and more than those with one. */
const MORE_THAN_ALL = 8 * THREADS + 2;
const MAX_MEMORY = 256 * 1024 * 1024;

const small = pattern(8, 8, 3);
/** Its results have many bands, of which few wait for a reader. */
const tall = pattern(60, 2000, 3);
const streamed = { output: 'stream', format: 'jpeg', highWaterMark: 1 };

/** An instance that many unread streams belong to, and one that is idle. */
let busy;
let idle;
before(() => {
  Upscaler.configure({ threads: THREADS, maxMemory: MAX_MEMORY });
  busy = new Upscaler({ model: NEAREST });
  idle = new Upscaler({ model: NEAREST });
});
after(() => Promise.all([busy.dispose(), idle.dispose()]));

/** A model whose pictures wait for their caller until it says `proceed`. */
function waitingModel() {
  let proceed;
  const gate = new Promise((resolve) => (proceed = resolve));
  const preprocess = async (tensor) => (await gate, tensor);
  return { proceed, model: { path: NEAREST, scale: 2, inputRange: [0, 1], outputRange: [0, 1], preprocess } };
}

for (const timeout of [undefined, 600_000]) {
  test(`streams that nobody reads, with a timeout of ${timeout}`, async () => {
    const streams = [];
    for (let i = 0; i < MORE_THAN_ALL; i++) {
      streams.push(await busy.upscale(tall, { ...streamed, timeout }));
    }
    for (const upscaler of [busy, idle]) {
      for (const limit of [undefined, 60_000]) await upscaler.upscale(small, { timeout: limit });
    }
    const files = await Promise.all(streams.map((stream) => buffer(stream)));
    assert.ok(files.every((file) => file.equals(files[0])));
  });
}

test('a picture that needs the memory of a stream that nobody reads', async () => {
  const stream = await busy.upscale(tall, streamed);
  // Four bytes for each of its pixels, and twice as many while it is made.
  const side = Math.floor(Math.sqrt(MAX_MEMORY / 2 / 4 / 2));
  let done = false;
  const large = idle.upscale(pattern(side, side, 3), { output: 'raw' }).then(() => (done = true));
  for (const limit of [undefined, 60_000]) await idle.upscale(small, { timeout: limit });
  assert.equal(done, false, 'it waits for the memory of the stream');
  await buffer(stream);
  await large;
});

test('an instance that may work on one picture, which waits for its caller', async () => {
  const { model, proceed } = waitingModel();
  await withUpscaler({ model, concurrency: 1 }, async (one) => {
    const first = one.upscale(small);
    const waiting = Array.from({ length: MORE_THAN_ALL }, () => one.upscale(small, { timeout: 600_000 }));
    await idle.upscale(small, { timeout: 60_000 });
    assert.equal(one.counters().done, 0);
    proceed();
    await Promise.all([first, ...waiting]);
  });
});

test('of one instance, pictures with a timeout come before those without, and late ones after early ones', async () => {
  const { model, proceed } = waitingModel();
  await withUpscaler({ model, concurrency: 1 }, async (one) => {
    const order = [];
    const call = (name, timeout) => one.upscale(small, { timeout }).then(() => order.push(name));
    const calls = [call('first'), call('without'), call('late', 900_000), call('early', 600_000)];
    await idle.upscale(small);
    proceed();
    await Promise.all(calls);
    assert.deepEqual(order, ['first', 'early', 'late', 'without']);
  });
});

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Readable } = require('node:stream');
const { buffer } = require('node:stream/consumers');
const { setTimeout: sleep } = require('node:timers/promises');
const { after, before, test } = require('node:test');
const sharp = require('sharp');
const Upscaler = require('..');
const { NEAREST, pattern } = require('./support/pixels');
const { eventually } = require('./support/http');
const { withUpscaler } = require('./support/with-upscaler');

/** Results that leave while they are made. */

let upscaler;
let png;
/** Its results have many bands. */
let tall;
before(async () => {
  upscaler = new Upscaler({ model: NEAREST });
  const encode = (pixels) => sharp(pixels.data, { raw: pixels }).png().toBuffer();
  [png, tall] = await Promise.all([encode(pattern(24, 16, 3)), encode(pattern(300, 4000, 3))]);
});
after(() => upscaler.dispose());

for (const format of ['png', 'jpeg', 'webp', 'tiff']) {
  test(`${format}: the stream is the file`, async () => {
    for (const [image, options] of [
      [png, {}],
      [tall, {}],
      [png, { scale: 1.5 }],
    ]) {
      const whole = await upscaler.upscale(image, { ...options, format });
      const stream = await upscaler.upscale(image, { ...options, format, output: 'stream' });
      assert.ok(stream instanceof Readable);
      assert.ok((await buffer(stream)).equals(whole));
    }
  });
}

test('what is known of it comes with it, and reads from paths and streams work too', async () => {
  const { data, info } = await upscaler.upscale(Readable.from([png]), {
    output: 'stream',
    format: 'webp',
    resolveWithObject: true,
  });
  assert.deepEqual(info, { width: 48, height: 32, channels: 3, format: 'webp', model: 'nearest-2x' });
  const { width, height } = await sharp(await buffer(data)).metadata();
  assert.deepEqual([width, height], [48, 32]);
});

test('a web stream of it is the same', async () => {
  const whole = await upscaler.upscale(png);
  const stream = await upscaler.upscale(png, { output: 'stream' });
  assert.ok(Buffer.from(await new Response(Readable.toWeb(stream)).arrayBuffer()).equals(whole));
});

test('the first bytes are there before the last rows, and the work waits for who does not read', async () => {
  let fraction = 0;
  const stream = await upscaler.upscale(tall, {
    output: 'stream',
    format: 'jpeg',
    highWaterMark: 1,
    patchSize: 64,
    padding: 1,
    progress: (now) => (fraction = now),
  });
  let last;
  do {
    last = fraction;
    await sleep(300);
  } while (fraction !== last);
  assert.ok(fraction < 0.9, `${fraction}`);
  assert.equal(upscaler.counters().running, 1);
  await buffer(stream);
  assert.equal(fraction, 1);
  await eventually(() => upscaler.counters().running === 0);
});

test('what fails before the first byte rejects', async () => {
  const options = { output: 'stream' };
  await assert.rejects(upscaler.upscale(Buffer.from('nonsense'), options), {
    code: 'ERR_UPSCALER_UNSUPPORTED_FORMAT',
  });
  await assert.rejects(upscaler.upscale(png.subarray(0, 60), options), { code: 'ERR_UPSCALER_DECODE' });
  await assert.rejects(upscaler.upscale('./missing.png', options), { code: 'ERR_UPSCALER_READ' });
  await assert.rejects(upscaler.upscale(Buffer.alloc(0), options), { code: 'ERR_UPSCALER_READ' });
  await assert.rejects(upscaler.upscale(png, { ...options, signal: AbortSignal.abort() }), {
    code: 'ABORT_ERR',
  });
  await assert.rejects(upscaler.upscale(png, { ...options, highWaterMark: 0 }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
  await assert.rejects(upscaler.upscale(png, { progressOutput: 'stream' }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
  await withUpscaler({ model: './missing.onnx' }, async (broken) => {
    await assert.rejects(broken.upscale(png, options), { code: /^ERR_UPSCALER_/ });
  });
});

/** @param {object} [options] */
function unread(options) {
  return upscaler.upscale(tall, { output: 'stream', format: 'jpeg', highWaterMark: 1, ...options });
}

test('a stream that is destroyed ends its call, and the next one works', async () => {
  const { aborted } = upscaler.counters();
  const stream = await unread();
  stream.destroy();
  await once(stream, 'close');
  await eventually(() => upscaler.counters().aborted === aborted + 1 && upscaler.counters().running === 0);
  assert.ok((await upscaler.upscale(png)).length > 0);
});

test('a signal, a timeout and abort() end a stream with their error', async () => {
  const controller = new AbortController();
  const cases = [
    [{ signal: controller.signal }, 'ABORT_ERR', () => controller.abort()],
    [{ timeout: 1500 }, 'ERR_UPSCALER_TIMEOUT', () => {}],
    [{}, 'ABORT_ERR', () => upscaler.abort()],
  ];
  // Where the machine is so busy that the time is over before the first byte, the call rejects instead.
  const ended = async (options, end) => {
    const stream = await unread(options);
    const closed = once(stream, 'close');
    end();
    await closed;
  };
  for (const [options, code, end] of cases) await assert.rejects(ended(options, end), { code });
  await eventually(() => upscaler.counters().running === 0);
});

test('dispose waits for streams', async () => {
  const own = new Upscaler({ model: NEAREST });
  const stream = await own.upscale(tall, { output: 'stream', format: 'jpeg', highWaterMark: 1 });
  let disposed = false;
  const disposing = own.dispose().then(() => (disposed = true));
  await sleep(50);
  assert.equal(disposed, false);
  const file = await buffer(stream);
  assert.equal((await sharp(file).metadata()).height, 8000);
  await disposing;
});

test('streams leave nothing behind', async () => {
  const rss = () => {
    global.gc();
    return process.memoryUsage.rss();
  };
  const round = async () => {
    for (let i = 0; i < 6; i++) {
      const stream = await unread();
      if (i % 2) stream.destroy();
      else await buffer(stream);
    }
    await eventually(() => upscaler.counters().running === 0);
  };
  await round();
  await round();
  const before = rss();
  for (let i = 0; i < 3; i++) await round();
  // Eighteen results of 14 million samples, were they kept.
  assert.ok(rss() - before < 96 * 1024 * 1024, `${(rss() - before) / 1024 / 1024} MiB`);
});

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const sharp = require('sharp');
const Upscaler = require('..');
const { NEAREST } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

/** Animations frame by frame, against what sharp reads and writes. */

/** Doubles pixels: what comes out is what was read. */
let doubler;
let span;
before(() => {
  doubler = new Upscaler({ model: NEAREST });
  span = new Upscaler({ model: 'span-2x' });
});
after(() => Promise.all([doubler.dispose(), span.dispose()]));

const WIDTH = 48;
const HEIGHT = 32;
const DELAYS = [40, 80, 120, 80];

/** A square that moves, stays, and moves on over a still background. */
function frames() {
  return [2, 12, 12, 30].map((left) => {
    const data = Buffer.alloc(WIDTH * HEIGHT * 4, 255);
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const inside = x >= left && x < left + 10 && y >= 8 && y < 20;
        data.set(inside ? [240, 40, 30] : [(x >> 3) * 40, (y >> 3) * 60, 90], (y * WIDTH + x) * 4);
      }
    }
    return data;
  });
}

/** The frames as a file by sharp. */
function file(format) {
  const raw = { width: WIDTH, height: HEIGHT * 4, channels: 4, pageHeight: HEIGHT };
  const image = sharp(Buffer.concat(frames()), { raw });
  return format === 'gif'
    ? image.gif({ delay: DELAYS, loop: 2, dither: 0 }).toBuffer()
    : image.webp({ delay: DELAYS, loop: 2, lossless: true }).toBuffer();
}

/** All frames, one below the other. */
async function read(bytes) {
  const image = sharp(bytes, { animated: true });
  const { pages, delay, loop, pageHeight } = await image.metadata();
  const { data, info } = await image.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: pageHeight ?? info.height, pages: pages ?? 1, delay, loop };
}

function doubled(data, width) {
  const height = data.length / width / 4;
  const out = Buffer.alloc(data.length * 4);
  for (let y = 0; y < height * 2; y++) {
    for (let x = 0; x < width * 2; x++) {
      const at = ((y >> 1) * width + (x >> 1)) * 4;
      data.copy(out, (y * width * 2 + x) * 4, at, at + 4);
    }
  }
  return out;
}

for (const [input, format] of [
  ['gif', undefined],
  ['webp', undefined],
  ['gif', 'webp'],
  ['webp', 'gif'],
]) {
  test(`${input} to ${format ?? input}: every frame, delays and loops`, async () => {
    const source = await file(input);
    const { data, info } = await doubler.upscale(source, {
      animated: true,
      format,
      lossless: true,
      resolveWithObject: true,
    });
    assert.deepEqual(
      [info.width, info.height, info.pages],
      [WIDTH * 2, HEIGHT * 2, (await read(source)).pages],
    );
    assert.equal(info.format, format ?? input);
    const found = await read(data);
    const wanted = await read(source);
    assert.deepEqual([found.width, found.height, found.loop], [WIDTH * 2, HEIGHT * 2, wanted.loop]);
    const sum = (list) => list.reduce((a, b) => a + b, 0);
    assert.equal(sum(found.delay), sum(wanted.delay));
    assert.deepEqual(found.delay, wanted.delay);
    assert.ok(found.data.equals(doubled(wanted.data, WIDTH)));
  });
}

test('an animated PNG is written, and read again', async () => {
  const png = await doubler.upscale(await file('gif'), { animated: true, format: 'png' });
  assert.deepEqual([png.includes('acTL'), png.includes('fdAT')], [true, true]);
  const back = await doubler.upscale(png, { animated: true, format: 'webp', lossless: true });
  const found = await read(back);
  const wanted = await read(await file('gif'));
  assert.ok(found.data.equals(doubled(doubled(wanted.data, WIDTH), WIDTH * 2)));
});

test('parts of frames give what whole frames give', async () => {
  const source = await file('webp');
  const moving = await read(await span.upscale(source, { animated: true, lossless: true }));
  for (const page of [0, 1, moving.pages - 1]) {
    const frame = await sharp(source, { page }).png().toBuffer();
    const { data, channels } = await span.upscale(frame, { output: 'raw' });
    const whole = await sharp(data, { raw: { width: WIDTH * 2, height: HEIGHT * 2, channels } })
      .ensureAlpha()
      .raw()
      .toBuffer();
    const size = whole.length;
    const part = moving.data.subarray(page * size, (page + 1) * size);
    let largest = 0;
    for (let i = 0; i < size; i++) largest = Math.max(largest, Math.abs(part[i] - whole[i]));
    assert.ok(largest <= 1, `frame ${page}: ${largest}`);
  }
});

test('one page, some pages, and how many there are', async () => {
  const source = await file('webp');
  const { info } = await doubler.upscale(source, { resolveWithObject: true });
  assert.equal(info.pages, (await read(source)).pages);
  const { data } = await doubler.upscale(source, { page: 1, output: 'raw' });
  const wanted = await sharp(source, { page: 1 }).ensureAlpha().raw().toBuffer();
  assert.ok(Buffer.from(data).equals(doubled(wanted, WIDTH)));
  const some = await read(await doubler.upscale(source, { page: 1, pages: 2, lossless: true }));
  assert.equal(some.pages, 2);
  await assert.rejects(doubler.upscale(source, { page: 9 }), { code: 'ERR_INVALID_ARG_VALUE' });
  await assert.rejects(doubler.upscale(source, { page: 9, animated: true }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
});

test('a page of a TIFF', async () => {
  const file = fs.readFileSync(path.join(__dirname, '..', 'tests', 'fixtures', 'raster', 'rgba.tif'));
  const { info } = await doubler.upscale(file, { resolveWithObject: true });
  assert.equal(info.pages, 1);
  await assert.rejects(doubler.upscale(file, { page: 1 }), { code: 'ERR_INVALID_ARG_VALUE' });
});

test('an AVIF sequence: its still picture, the number of frames, and a refusal by name', async () => {
  const file = fs.readFileSync(path.join(__dirname, '..', 'tests', 'fixtures', 'raster', 'sequence.avif'));
  const { info } = await doubler.upscale(file, { resolveWithObject: true });
  assert.deepEqual([info.width, info.height, info.pages], [48, 32, 3]);
  for (const options of [{ animated: true }, { page: 1 }]) {
    await assert.rejects(doubler.upscale(file, options), {
      code: 'ERR_UPSCALER_UNSUPPORTED_FORMAT',
      message: /AVIF sequence of 3 frames/,
    });
  }
});

test('progress runs over all frames, and a cancel stops between them', async () => {
  const source = await file('gif');
  const fractions = [];
  await span.upscale(source, { animated: true, progress: (fraction) => fractions.push(fraction) });
  assert.ok(fractions.every((fraction, i) => i === 0 || fraction >= fractions[i - 1]));
  assert.equal(fractions.at(-1), 1);
  const controller = new AbortController();
  const cancelled = span.upscale(source, {
    animated: true,
    signal: controller.signal,
    progress: (fraction) => fraction > 0.3 && controller.abort(),
  });
  await assert.rejects(cancelled, { name: 'AbortError' });
});

test('metadata that an animation loses is warned of', async () => {
  const warnings = [];
  const listen = ({ code, message }) => code === 'UPSCALER_IMAGE' && warnings.push(message);
  process.on('warning', listen);
  const source = await sharp(await file('webp'), { animated: true })
    .withIccProfile('p3')
    .webp({ lossless: true })
    .toBuffer();
  await doubler.upscale(source, { animated: true });
  await new Promise(setImmediate);
  assert.deepEqual(warnings, []);
  await doubler.upscale(source, { animated: true, keepMetadata: 'icc' });
  await new Promise(setImmediate);
  process.off('warning', listen);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /animation is written without profile/);
});

test('an animation is one image, which others cannot push out once it is accepted', async () => {
  const source = await file('gif');
  const options = { model: 'span-2x', concurrency: 1, maxPending: 1 };
  const still = { data: new Uint8Array(3 * 16 * 16).fill(90), width: 16, height: 16, channels: 3 };
  await withUpscaler(options, async (own) => {
    await own.ready;
    let over = false;
    let stills = 0;
    const client = async () => {
      while (!over) await own.upscale(still).then(() => stills++, ignoreFull);
    };
    const ignoreFull = ({ code }) => assert.equal(code, 'ERR_UPSCALER_QUEUE_FULL');
    const animation = own.upscale(source, { animated: true });
    const clients = [client(), client()];
    await animation.finally(() => (over = true));
    await Promise.all(clients);
    assert.equal(own.counters().done, stills + 1);

    const controller = new AbortController();
    const cancelled = own.upscale(source, {
      animated: true,
      signal: controller.signal,
      progress: () => controller.abort(),
    });
    await assert.rejects(cancelled, { name: 'AbortError' });
    const broken = own.upscale(source.subarray(0, source.length / 2), { animated: true });
    const { failed } = own.counters();
    await assert.rejects(broken, { code: 'ERR_UPSCALER_DECODE' });
    const counters = own.counters();
    assert.deepEqual([counters.aborted, counters.failed - failed], [1, 1]);
    assert.deepEqual([counters.queued, counters.running], [0, 0]);
  });
});

test('a still picture stays one, and may become a GIF', async () => {
  const png = await sharp({ create: { width: 9, height: 7, channels: 3, background: '#c03020' } })
    .png()
    .toBuffer();
  const { data, info } = await doubler.upscale(png, { animated: true, resolveWithObject: true });
  assert.deepEqual([info.format, info.pages, data.subarray(1, 4).toString()], ['png', 1, 'PNG']);
  const gif = await doubler.upscale(png, { format: 'gif' });
  const read = await sharp(gif).removeAlpha().raw().toBuffer();
  assert.deepEqual([...read.subarray(0, 3)], [0xc0, 0x30, 0x20]);
  await assert.rejects(doubler.upscale(await file('gif'), { animated: true, format: 'jpeg' }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
  await assert.rejects(doubler.upscale(png, { format: 'gif', width: 70_000, height: 1, fit: 'fill' }), {
    code: 'ERR_UPSCALER_ENCODE',
    message: /at most 65535 pixels on a side for GIF but received 70000x1/,
  });
  await assert.rejects(doubler.upscale(png, { animated: true, output: 'raw' }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
});

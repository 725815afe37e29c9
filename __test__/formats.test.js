'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const sharp = require('sharp');
const Upscaler = require('..');
const { NEAREST, decode, largestDifference, photo, psnr, readWith, visible } = require('./support/pixels');

/** Every format that is written, read again by sharp; every format that is read, against what sharp reads. */

const RASTER = path.join(__dirname, '..', 'tests', 'fixtures', 'raster');

let upscaler;
/** Doubles pixels: what comes out is what was read. */
let doubler;
/** @type {import('./support/pixels').Pixels} */
let picture;
let reference;
before(async () => {
  upscaler = new Upscaler();
  doubler = new Upscaler({ model: NEAREST });
  picture = await photo('astronaut.png', { left: 180, top: 90, width: 61, height: 47 });
  reference = await upscaler.upscale(picture, { output: 'raw' });
});
after(() => Promise.all([upscaler.dispose(), doubler.dispose()]));

test('raw pixels are the picture, twice as large', () => {
  assert.deepEqual([reference.width, reference.height, reference.channels], [122, 94, 3]);
  assert.ok(Buffer.isBuffer(reference.data));
  assert.equal(reference.data.length, 122 * 94 * 3);
});

for (const options of [
  { format: 'png' },
  { format: 'png', compressionLevel: 0 },
  { format: 'png', compressionLevel: 9 },
  { format: 'webp', lossless: true },
  { format: 'tiff' },
]) {
  test(`${JSON.stringify(options)} holds exactly those pixels`, async () => {
    const file = await upscaler.upscale(picture, options);
    assert.equal((await sharp(file).metadata()).format, options.format);
    assert.deepEqual(Buffer.from((await decode(file)).data), reference.data);
  });
}

for (const [options, least] of [
  [{ format: 'jpeg' }, 38],
  [{ format: 'jpeg', quality: 100 }, 48],
  [{ format: 'jpeg', quality: 30 }, 29],
  [{ format: 'webp' }, 37],
  [{ format: 'webp', quality: 30 }, 28],
]) {
  test(`${JSON.stringify(options)} is within what the quality loses: ${least} dB`, async () => {
    const file = await upscaler.upscale(picture, options);
    const metadata = await sharp(file).metadata();
    assert.equal(metadata.format, options.format);
    if (options.format === 'jpeg') assert.equal(metadata.chromaSubsampling, '4:4:4');
    assert.ok(psnr((await decode(file)).data, reference.data) > least);
  });
}

test('a lower quality makes a smaller file, a higher compression too', async () => {
  const size = async (options) => (await upscaler.upscale(picture, options)).length;
  for (const format of ['jpeg', 'webp']) {
    assert.ok((await size({ format, quality: 40 })) < (await size({ format, quality: 95 })));
  }
  assert.ok((await size({ compressionLevel: 9 })) < (await size({ compressionLevel: 0 })));
});

test('base64 is a data: URL of the file, and an input again', async () => {
  const url = await upscaler.upscale(picture, { output: 'base64', format: 'png' });
  assert.match(url, /^data:image\/png;base64,/);
  const again = await doubler.upscale(url, { output: 'raw', scale: 1 });
  assert.deepEqual([again.width, again.height], [122, 94]);
  const file = Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
  assert.deepEqual(Buffer.from((await decode(file)).data), reference.data);
});

test('a tensor is not rounded, but clamped', async () => {
  const { data, shape } = await upscaler.upscale(picture, { output: 'tensor' });
  assert.deepEqual(shape, [94, 122, 3]);
  assert.ok(data.some((value) => value !== Math.round(value)));
  assert.ok(data.every((value) => value >= 0 && value <= 255));
  assert.ok(largestDifference(data, reference.data) <= 0.5);
});

test("without a format, the input's is kept where it can hold the result", async () => {
  const source = sharp(picture.data, { raw: picture });
  const formatOf = async (file) => (await sharp(await upscaler.upscale(file)).metadata()).format;
  for (const format of ['png', 'jpeg', 'webp', 'tiff']) {
    assert.equal(await formatOf(await source.clone().toFormat(format).toBuffer()), format);
  }
  assert.equal(await formatOf(await source.clone().gif().toBuffer()), 'png');
  assert.equal(await formatOf(fs.readFileSync(path.join(RASTER, 'rgb.bmp'))), 'png');
  assert.equal(await formatOf(picture), 'png');
});

test('a result too wide for the format of its input is a PNG', async () => {
  // libjpeg writes 65,500 pixels a side, libwebp 16,383.
  for (const [format, width] of [
    ['jpeg', 32_750],
    ['webp', 8191],
  ]) {
    const strip = (side) => sharp({ create: { width: side, height: 1, channels: 3, background: '#4080c0' } });
    const [fits, wider] = [strip(width), strip(width + 1)].map((picture) =>
      picture.toFormat(format).toBuffer(),
    );
    for (const [file, expected] of [
      [await fits, format],
      [await wider, 'png'],
    ]) {
      const { info } = await doubler.upscale(file, { resolveWithObject: true });
      assert.equal(info.format, expected);
    }
  }
});

test('resolveWithObject tells what was made', async () => {
  const { data, info } = await upscaler.upscale(picture, { format: 'jpeg', resolveWithObject: true });
  const { durationMs, stages, ...rest } = info;
  assert.ok(durationMs > 0 && durationMs < 60_000);
  const { decode, upscale, encode } = stages;
  assert.ok(Math.abs(decode + upscale + encode - durationMs) < 1e-6);
  assert.deepEqual(rest, {
    width: 122,
    height: 94,
    channels: 3,
    format: 'jpeg',
    size: data.length,
    model: 'span-2x',
    guarded: 0,
    drawn: 0,
    pages: 1,
  });
});

/** Files by how far a sample may be from what sharp reads: decoders of lossy formats may round differently. */
const FILES = {
  'photo.png': 0,
  'palette.tif': 0,
  'bilevel.tif': 0,
  'rgba.tif': 0,
  'opaque.gif': 0,
  'offset.gif': 0,
  'animated.webp': 0,
  'lossless.webp': 0,
  'alpha.webp': 1,
  'quality-30.webp': 0,
  'grey.jpg': 2,
  'quality-75.jpg': 3,
  'progressive.jpg': 3,
  'subsampled.jpg': 3,
  'jpeg.tif': 2,
};

for (const [file, tolerance] of Object.entries(FILES)) {
  test(`${file} is read as sharp reads it`, async () => {
    const found = await readWith(doubler, path.join(RASTER, file));
    const expected = await decode(fs.readFileSync(path.join(RASTER, file)));
    assert.ok(largestDifference(visible(found), visible(expected)) <= tolerance);
  });
}

test('BMP, which sharp does not read, in true colour and with a palette', async () => {
  const expected = await decode(fs.readFileSync(path.join(RASTER, 'photo.png')));
  const trueColour = await readWith(doubler, path.join(RASTER, 'rgb.bmp'));
  assert.deepEqual(trueColour, expected);
  const palette = await readWith(doubler, path.join(RASTER, 'palette.bmp'));
  assert.ok(psnr(palette.data, expected.data) > 25);
});

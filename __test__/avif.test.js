'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const sharp = require('sharp');
const Upscaler = require('..');
const { NEAREST, decode, largestDifference, photo, psnr } = require('./support/pixels');

/** What is written as AVIF, read again by sharp (libheif, whose AV1 decoder is another). */

const RASTER = path.join(__dirname, '..', 'tests', 'fixtures', 'raster');

/** Doubles pixels. */
let doubler;
/** @type {import('./support/pixels').Pixels} */
let picture;
let reference;
before(async () => {
  doubler = new Upscaler({ model: NEAREST });
  picture = await photo('astronaut.png', { left: 180, top: 90, width: 61, height: 47 });
  reference = await doubler.upscale(picture, { output: 'raw' });
});
after(() => doubler.dispose());

for (const [options, least] of [
  [{}, 38],
  [{ quality: 100 }, 45],
  [{ quality: 40 }, 28],
]) {
  test(`AVIF ${JSON.stringify(options)} is within what the quality loses: ${least} dB`, async () => {
    const file = await doubler.upscale(picture, { format: 'avif', ...options });
    const { format, compression, bitsPerSample } = await sharp(file).metadata();
    assert.deepEqual([format, compression, bitsPerSample], ['heif', 'av1', 8]);
    const found = psnr((await decode(file)).data, reference.data);
    assert.ok(found > least, `${found} dB`);
  });
}

test('a lower quality makes a smaller file', async () => {
  const size = async (quality) => (await doubler.upscale(picture, { format: 'avif', quality })).length;
  const sizes = [await size(20), await size(50), await size(80), await size(95)];
  assert.deepEqual(
    sizes.toSorted((a, b) => a - b),
    sizes,
  );
});

test('16 bits are written as 10', async () => {
  const data = new Uint16Array(64 * 48).map((_, i) => (i % 64) * 1024 + 300);
  const deep = { data, width: 64, height: 48, channels: 1 };
  const file = await doubler.upscale(deep, { format: 'avif', quality: 100, scale: 1 });
  assert.equal((await sharp(file).metadata()).bitsPerSample, 10);
  const found = await sharp(file).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer();
  const grey = new Uint16Array(found.buffer, found.byteOffset, found.length / 2);
  const channels = grey.length / data.length;
  const worst = Math.max(...data.map((value, i) => Math.abs(value - grey[i * channels])));
  // Ten bits are steps of 64; two of them are what the quality loses.
  assert.ok(worst <= 3 * 64, `${worst} of 65535`);
});

test('alpha is a picture of its own', async () => {
  const file = await doubler.upscale(path.join(RASTER, 'rgba.tif'), { format: 'avif', scale: 1 });
  assert.equal((await sharp(file).metadata()).hasAlpha, true);
  const found = await sharp(file).extractChannel('alpha').raw().toBuffer();
  const expected = await sharp(path.join(RASTER, 'rgba.tif')).extractChannel('alpha').raw().toBuffer();
  assert.ok(psnr(found, expected) > 40);
});

test('grey stays grey, whatever the size', async () => {
  for (const [width, height] of [
    [1, 1],
    [17, 3],
    [3, 90],
  ]) {
    const data = new Uint8Array(width * height).fill(90);
    const file = await doubler.upscale({ data, width, height, channels: 1 }, { format: 'avif', scale: 1 });
    const found = await sharp(file).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([found.info.width, found.info.height], [width, height]);
    assert.ok(found.data.every((value) => Math.abs(value - 90) <= 1));
  }
});

test('a large picture is a grid, whose tiles meet', async () => {
  const [width, height] = [8000, 68];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return [x >> 5, y * 3, 128][i % 3];
  });
  const file = await doubler.upscale({ data, width, height, channels: 3 }, { format: 'avif' });
  assert.ok(file.includes('grid'));
  const found = await decode(file);
  assert.deepEqual([found.width, found.height], [2 * width, 2 * height]);
  const expected = await doubler.upscale({ data, width, height, channels: 3 }, { output: 'raw' });
  const worst = largestDifference(found.data, expected.data);
  assert.ok(worst <= 6, `${worst}`);
  const again = await doubler.upscale(file, { output: 'raw', scale: 1 });
  assert.ok(largestDifference(again.data, found.data) <= 2);
});

test('profile, EXIF, XMP and orientation are kept', async () => {
  const p3 = path.join(RASTER, 'icc-p3.png');
  const kept = await doubler.upscale(p3, { format: 'avif', keepMetadata: 'icc', quality: 100 });
  assert.match((await sharp(kept).metadata()).icc.toString('latin1'), /acsp/);
  const bare = await doubler.upscale(p3, { format: 'avif', quality: 100 });
  const shown = await decode(await sharp(kept).toColourspace('srgb').png().toBuffer());
  const loss = psnr(shown.data, (await decode(bare)).data);
  assert.ok(loss > 40, `${loss} dB`);

  const turned = path.join(RASTER, 'orient-6.jpg');
  const options = { format: 'avif', keepMetadata: 'all', scale: 1, quality: 100 };
  for (const autoOrient of [true, false]) {
    const file = await doubler.upscale(turned, { ...options, autoOrient });
    const { width, height, exif } = await sharp(file).metadata();
    // Readers of AVIF turn what is stored lying.
    assert.deepEqual([width, height], [24, 16]);
    assert.ok(exif.length > 0);
    const upright = await doubler.upscale(turned, { output: 'raw', scale: 1 });
    const found = psnr((await decode(file)).data, upright.data);
    assert.ok(found > 35, `${found} dB`);
  }
});

test('every orientation that stays comes out upright', async () => {
  for (let orientation = 1; orientation <= 8; orientation++) {
    const source = path.join(RASTER, `orient-${orientation}.jpg`);
    const options = { format: 'avif', keepMetadata: 'all', scale: 1, quality: 100, autoOrient: false };
    const found = await decode(await doubler.upscale(source, options));
    const upright = await doubler.upscale(source, { output: 'raw', scale: 1 });
    assert.deepEqual([found.width, found.height], [24, 16], `${orientation}`);
    const loss = psnr(found.data, upright.data);
    assert.ok(loss > 35, `${orientation}: ${loss} dB`);
  }
});

test('AVIF stays AVIF, and has no lossless mode', async () => {
  const source = fs.readFileSync(path.join(RASTER, '..', 'modern', 'y420.avif'));
  const { info } = await doubler.upscale(source, { resolveWithObject: true });
  assert.deepEqual([info.format, info.width, info.height], ['avif', 122, 90]);
  await assert.rejects(doubler.upscale(picture, { format: 'avif', lossless: true }), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /lossy: PNG, WebP and TIFF/,
  });
});

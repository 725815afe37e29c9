import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import sharp from 'sharp';
import { resize as matlabResize } from '../../scripts/models/bicubic.mjs';

const require = createRequire(import.meta.url);
const { compare, psnr } = require('../../playground/server/metrics.js');
const { haarPsi } = require('../../playground/server/haarpsi.js');
const Upscaler = require('../../index.js');
const { createDecoder } = require('../../playground/server/decode.js');
const { resize } = require('../../playground/server/resample.js');

/** The playground's figures against other people's code: see make_metrics.py. */

const SAMPLES = new URL('../../playground/samples/', import.meta.url);
const fixtures = JSON.parse(
  readFileSync(new URL('../fixtures/playground/metrics.json', import.meta.url), 'utf8'),
);

/** @param {string} name */
async function rgb(name) {
  const { data, info } = await sharp(new URL(name, SAMPLES).pathname)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

/** As make_metrics.py does. */
function distort({ width, height, data }, strength) {
  const out = data.map((value, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return Math.min(Math.max(value + (((7 * x + 13 * y + 5 * c) % 17) - 8) * strength, 0), 255);
  });
  return { width, height, data: out };
}

for (const { picture, strength, ...wanted } of fixtures) {
  test(`${picture}, disturbed by ${strength}: as scikit-image and the author of HaarPSI have it`, async () => {
    const truth = await rgb(picture);
    const found = compare(distort(truth, strength), truth, 2);
    assert.ok(Math.abs(found.psnr - wanted.psnr) < 1e-6, `${found.psnr}`);
    assert.ok(Math.abs(found.ssim - wanted.ssim) < 1e-6, `${found.ssim}`);
    assert.ok(Math.abs(found.haarPsi - wanted.haarPsi) < 1e-6, `${found.haarPsi}`);
  });
}

test('a picture is equal to itself', async () => {
  const truth = await rgb('drawing.png');
  const { psnr: db, ssim, haarPsi: similarity } = compare(truth, truth, 0);
  assert.equal(db, Infinity);
  assert.ok(Math.abs(ssim - 1) < 1e-12);
  assert.ok(Math.abs(similarity - 1) < 1e-9);
  const flat = { width: 32, height: 32, data: new Uint8Array(32 * 32 * 3) };
  assert.equal(haarPsi(flat, flat), 1);
});

test('a difference of 1 everywhere is 20 log10(255) dB', () => {
  const plane = (/** @type {number} */ value) => ({
    width: 8,
    height: 8,
    data: new Float64Array(64).fill(value),
  });
  assert.ok(Math.abs(psnr(plane(10), plane(11)) - 48.1308) < 1e-4);
});

/**
 * The largest difference of two pictures, `border` pixels from the edges, where implementations differ.
 */
function distance(a, b, border) {
  let most = 0;
  for (let y = border; y < a.height - border; y++) {
    for (let i = (y * a.width + border) * 3; i < (y * a.width + a.width - border) * 3; i++) {
      most = Math.max(most, Math.abs(a.data[i] - b.data[i]));
    }
  }
  return most;
}

for (const scale of [1 / 2, 2]) {
  test(`bicubic, ${scale} times as large, is what MATLAB does`, async () => {
    const picture = await rgb('drawing.png');
    const theirs = matlabResize(picture, scale);
    const ours = resize(picture, theirs.width, theirs.height, 'bicubic');
    assert.ok(distance(ours, theirs, 4) <= 1);
  });
}

test('Lanczos is what fast_image_resize does, edges included', async () => {
  const { data, ...size } = await rgb('drawing.png');
  // It rounds to 8 bits between rows and columns: with room above and below, nothing is clipped there.
  const picture = { ...size, data: data.map((value) => 64 + (value >> 1)) };
  const { decode, dispose } = createDecoder(Upscaler, 1e6);
  try {
    for (const [width, height] of [
      [512, 384],
      [333, 250],
      [100, 75],
    ]) {
      const png = await sharp(picture.data, { raw: { width: 256, height: 192, channels: 3 } })
        .png()
        .toBuffer();
      const theirs = await decode(png, { width, height, fit: 'fill' });
      const most = distance(resize(picture, width, height, 'lanczos'), theirs, 0);
      assert.ok(most <= 1, `${width} x ${height}: ${most}`);
    }
  } finally {
    await dispose();
  }
});

'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const sharp = require('sharp');
const Upscaler = require('..');
const { IMAGES, decode, largestDifference, pattern, photo, toTensor } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

// The tiling depends on the number of workers: so that it is the same on any machine.
Upscaler.configure({ threads: 2 });

/**
 * Part of an example picture, enlarged: wider than a tile may be, and divisible by nothing.
 *
 * @param {number} height
 */
async function wide(height) {
  const region = { left: 3, top: 140, width: 507, height: Math.ceil(height / 3.4) };
  const picture = sharp(path.join(IMAGES, 'astronaut.png')).extract(region);
  return toTensor(await decode(await picture.resize(1741, height, { fit: 'fill' }).png().toBuffer()));
}

/** The same picture in automatic tiles and as a whole. */
async function bothWays(upscaler, picture) {
  let tiles = 0;
  const tiled = await upscaler.upscale(picture, { output: 'tensor', progress: () => void tiles++ });
  assert.ok(tiles > 1, `expected several tiles but found ${tiles}`);
  const patchSize = Math.max(...picture.shape);
  const whole = await upscaler.upscale(picture, { output: 'tensor', patchSize, padding: 0 });
  assert.deepEqual(tiled.shape, whole.shape);
  return { tiled, whole };
}

for (const model of [
  'span-2x',
  'span-4x',
  '@upscalerjs/default-model',
  '@upscalerjs/esrgan-slim/2x',
  '@upscalerjs/esrgan-slim/3x',
  '@upscalerjs/esrgan-slim/8x',
  '@upscalerjs/esrgan-medium/4x',
]) {
  test(`${model}: tiles do not change a single bit`, async () => {
    const picture = await wide(93);
    await withUpscaler({ model }, async (upscaler) => {
      const { tiled, whole } = await bothWays(upscaler, picture);
      assert.deepEqual(tiled.data, whole.data);
    });
  });
}

for (const model of [
  'esrgan-thick/2x',
  'esrgan-legacy/gans',
  'esrgan-legacy/psnr-small',
  'esrgan-legacy/div2k/2x',
]) {
  test(`@upscalerjs/${model}: tiles of a deep network differ by less than one grey level`, async () => {
    const picture = await wide(17);
    await withUpscaler({ model: `@upscalerjs/${model}` }, async (upscaler) => {
      const { tiled, whole } = await bothWays(upscaler, picture);
      assert.ok(largestDifference(tiled.data, whole.data) <= 1);
    });
  });
}

test('sizes from one pixel on, smaller than the halo, odd and long', async () => {
  await withUpscaler({}, async (upscaler) => {
    const { halo } = await upscaler.getModel();
    assert.ok(halo > 7);
    for (const [width, height] of [
      [1, 1],
      [1, 300],
      [300, 1],
      [2, 3],
      [7, 7],
      [halo, halo],
      [257, 5],
      [131, 97],
    ]) {
      const picture = toTensor(pattern(width, height, 3));
      const tiled = await upscaler.upscale(picture, { output: 'tensor' });
      assert.deepEqual(tiled.shape, [2 * height, 2 * width, 3]);
      const patchSize = Math.max(width, height);
      const whole = await upscaler.upscale(picture, { output: 'tensor', patchSize, padding: 0 });
      assert.deepEqual(tiled.data, whole.data, `${width}x${height}`);
    }
  });
});

test('enough padding hides patches, too little shows them', async () => {
  const picture = toTensor(await photo('rocket.jpg', { left: 60, top: 40, width: 120, height: 90 }));
  await withUpscaler({ model: '@upscalerjs/esrgan-slim/2x' }, async (upscaler) => {
    const { halo } = await upscaler.getModel();
    const patched = (padding) => upscaler.upscale(picture, { output: 'tensor', patchSize: 64, padding });
    const whole = await upscaler.upscale(picture, { output: 'tensor', patchSize: 120, padding: 0 });
    const [seams, seamless] = [await patched(0), await patched(halo)];
    assert.ok(largestDifference(seams.data, whole.data) > 1);
    // Tiles of our own begin where the kernels round alike; patches begin where they are told to.
    assert.ok(largestDifference(leftOf(seamless, 200), leftOf(whole, 200)) < 0.001);
  });
});

/** The left part of a tensor: the last patch of a line, moved back inside, has less context than was asked for. */
function leftOf({ data, shape: [, width, channels] }, columns) {
  return data.filter((_, i) => Math.floor(i / channels) % width < columns);
}

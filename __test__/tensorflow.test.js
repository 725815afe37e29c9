'use strict';

const assert = require('node:assert/strict');
const { before, test } = require('node:test');
const { largestDifference, photo, toTensor } = require('./support/pixels');
const { tensorFlowModel } = require('./support/tensorflow');
const { withUpscaler } = require('./support/with-upscaler');

/**
 * Every TensorFlow.js model of UpscalerJS against TensorFlow.js itself: of 255, before rounding. They differ by
 * 0.0006 at most.
 */
const TOLERANCE = 0.02;

const MODELS = {
  'default-model': 2,
  'esrgan-slim/2x': 2,
  'esrgan-slim/3x': 3,
  'esrgan-slim/4x': 4,
  'esrgan-slim/8x': 8,
  'esrgan-medium/2x': 2,
  'esrgan-medium/3x': 3,
  'esrgan-medium/4x': 4,
  'esrgan-medium/8x': 8,
  'esrgan-legacy/psnr-small': 2,
  'esrgan-legacy/div2k/2x': 2,
  'esrgan-legacy/div2k/3x': 3,
  'esrgan-legacy/div2k/4x': 4,
  'esrgan-legacy/gans': 4,
  'esrgan-thick/2x': 2,
  'esrgan-thick/3x': 3,
  'esrgan-thick/4x': 4,
  'esrgan-thick/8x': 8,
};

/** @type {{ data: Float32Array, shape: [number, number, number] }} */
let picture;
before(async () => {
  picture = toTensor(await photo('astronaut.png', { left: 200, top: 90, width: 21, height: 14 }));
});

for (const [name, scale] of Object.entries(MODELS)) {
  test(`@upscalerjs/${name}`, async () => {
    const run = await tensorFlowModel(name);
    const expected = await run(picture);
    const { data, shape } = await withUpscaler({ model: `@upscalerjs/${name}` }, (upscaler) =>
      upscaler.upscale(picture, { output: 'tensor' }),
    );
    assert.deepEqual(shape, [14 * scale, 21 * scale, 3]);
    assert.ok(largestDifference(data, expected) < TOLERANCE);
  });
}

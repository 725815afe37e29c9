'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const ort = require('onnxruntime-node');
const { entries } = require('../lib/catalogue');
const { largestDifference, pattern, toTensor } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

/** The models that training/ has made: what is shipped computes what was exported, and stays sound on hard colours. */

const ROOT = path.join(__dirname, '..');
const own = entries.filter(({ origin }) => origin.registry === 'repository');
const [WIDTH, HEIGHT] = [37, 26];

/** An export of training/ on onnxruntime-node: of 255, clamped, pixel by pixel. */
async function runExport(file, { data, width, height, channels }) {
  const session = await ort.InferenceSession.create(file, { graphOptimizationLevel: 'disabled' });
  const planes = new Float32Array(data.length);
  const size = width * height;
  for (let i = 0; i < data.length; i++)
    planes[(i % channels) * size + Math.floor(i / channels)] = data[i] / 255;
  const { output } = await session.run({
    input: new ort.Tensor('float32', planes, [1, channels, height, width]),
  });
  const outSize = output.dims[2] * output.dims[3];
  return Float32Array.from(output.data, (_, i) => {
    const value = output.data[(i % channels) * outSize + Math.floor(i / channels)] * 255;
    return Math.min(255, Math.max(0, value));
  });
}

/** Blocks of 1 to 8 pixels in the corners of the colour cube: where networks that multiply activations blow up. */
function hardColours(channels) {
  const side = 64;
  const data = new Float32Array(side * side * channels);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const block = 1 << (3 - Math.floor(y / 16));
      const corner = Math.floor(x / block) * 5 + Math.floor(y / block) * 3;
      for (let c = 0; c < channels; c++) data[(y * side + x) * channels + c] = (corner >> c) & 1 ? 255 : 0;
    }
  }
  return { data, width: side, height: side, channels };
}

/** How far the mean of a result's pixels over each of the source's is from it. */
function farthest(result, source, scale) {
  const { width, height, channels, data } = source;
  let worst = 0;
  for (let i = 0; i < data.length; i++) {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    let sum = 0;
    for (let k = 0; k < scale * scale; k++) {
      const [dx, dy] = [k % scale, Math.floor(k / scale)];
      sum += result[((y * scale + dy) * width * scale + x * scale + dx) * channels + c];
    }
    worst = Math.max(worst, Math.abs(sum / (scale * scale) - data[i]));
  }
  assert.equal(result.length, width * height * channels * scale * scale);
  return worst;
}

test('there are models of our own', () => assert.ok(own.length > 0));

for (const { id, family, file, channels, scale, origin } of own) {
  const model = path.join(ROOT, 'models', family, file);

  test(`${id} computes what training has exported`, async () => {
    const picture = pattern(WIDTH, HEIGHT, channels);
    const { data } = await withUpscaler({ model }, (upscaler) =>
      upscaler.upscale(toTensor(picture), { output: 'tensor' }),
    );
    const expected = await runExport(path.join(ROOT, origin.file), picture);
    assert.ok(largestDifference(data, expected) < 0.01);
  });

  // A method that loses all detail is off by half the range of its neighbourhood, 128 here; a burst by up to 255.
  test(`${id} stays near the picture in hard colours`, async () => {
    const picture = hardColours(channels);
    const { data } = await withUpscaler({ model }, (upscaler) =>
      upscaler.upscale(toTensor(picture), { output: 'tensor' }),
    );
    const worst = farthest(data, picture, scale);
    assert.ok(worst < 128, `${worst}`);
  });
}

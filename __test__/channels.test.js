'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const ort = require('onnxruntime-node');
const { convertModel } = require('../lib/convert');
const { listModels } = require('..');
const { onnx } = require('./support/onnx');
const { largestDifference, pattern, toTensor } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

/** Models as grey and as RGBA ones, against what the colour model does with the same pictures. */

const [WIDTH, HEIGHT] = [29, 23];
/** As PSNR-Y and TensorFlow have it: ITU-R BT.601, full range. */
const LUMA = [0.299, 0.587, 0.114];
/** Mid-grey, so that nothing is clamped. */
const grey = scaled(pattern(WIDTH, HEIGHT, 1), 0.5, 60);

const MODELS = [
  'span-2x',
  'span-4x',
  path.join(__dirname, '..', 'models', 'real-esrgan', 'photo-4x.onnx'),
  path.join(__dirname, '..', 'models', 'real-esrgan', 'illustration-2x.onnx'),
  path.join(__dirname, '..', 'models', 'waifu2x-photo', 'denoise-2x-0.onnx'),
  '@upscalerjs/default-model',
];

function scaled({ data, ...picture }, factor, term) {
  return { data: Float32Array.from(data, (value) => value * factor + term), ...picture };
}

/** Pixels of `count` channels, each of which is the one channel of `picture`. */
function repeated({ data, ...picture }, count) {
  const copies = Float32Array.from({ length: data.length * count }, (_, i) => data[Math.floor(i / count)]);
  return { ...picture, data: copies, channels: count };
}

function channel({ data, channels }, index) {
  return data.filter((_, i) => i % channels === index);
}

function luma({ data, shape }) {
  const channels = shape.at(-1);
  return Float32Array.from({ length: data.length / channels }, (_, i) =>
    LUMA.reduce((sum, weight, c) => sum + weight * data[i * channels + c], 0),
  );
}

function upscale(picture, options) {
  return withUpscaler(options, (upscaler) => upscaler.upscale(toTensor(picture), { output: 'tensor' }));
}

/** An `.onnx` on onnxruntime-node, on the grey picture in all of its channels; planes in the network's own values. */
async function runOnnx(file, { count, white }) {
  const session = await ort.InferenceSession.create(file, { graphOptimizationLevel: 'disabled' });
  const plane = Float32Array.from(grey.data, (value) => (value / 255) * white);
  const planes = new Float32Array(plane.length * count);
  for (let c = 0; c < count; c++) planes.set(plane, c * plane.length);
  const input = new ort.Tensor('float32', planes, [1, count, HEIGHT, WIDTH]);
  const { [session.outputNames[0]]: output } = await session.run({ [session.inputNames[0]]: input });
  return Float32Array.from(output.data, (value) => (value / white) * 255);
}

for (const model of MODELS) {
  const white = model.startsWith('@upscalerjs') ? 255 : 1;

  test(`${path.basename(model)}: the grey network gives onnxruntime-node the luma of the colour network`, async () => {
    const colours = await runOnnx(await convertModel(model), { count: 3, white });
    const found = await runOnnx(await convertModel(model, { channels: 1 }), { count: 1, white });
    const [r, g, b] = [0, 1, 2].map((c) => colours.subarray(c * found.length, (c + 1) * found.length));
    const expected = found.map((_, i) => LUMA[0] * r[i] + LUMA[1] * g[i] + LUMA[2] * b[i]);
    assert.ok(largestDifference(found, expected) <= 0.01);
  });

  test(`${path.basename(model)}: as a grey model, it agrees with the colour model`, async () => {
    const found = await upscale(grey, { model, channels: 1 });
    const colours = await upscale(repeated(grey, 3), { model });
    assert.equal(found.shape[2], 1);
    assert.ok(largestDifference(found.data, luma(colours)) <= 0.01);
    const broadcast = await upscale(grey, { model });
    assert.ok(largestDifference(found.data, broadcast.data) <= 0.01);
  });
}

test('as an RGBA model, colours are those of the colour model and alpha that of the grey one', async () => {
  const picture = scaled(pattern(WIDTH, HEIGHT, 4), 0.5, 60);
  const model = 'span-2x';
  const found = await upscale(picture, { model, channels: 4 });
  const part = (channels) => ({
    ...picture,
    data: picture.data.filter((_, i) => channels.includes(i % 4)),
    channels: channels.length,
  });
  const colours = await upscale(part([0, 1, 2]), { model });
  const alpha = await upscale(part([3]), { model, channels: 1 });
  assert.deepEqual(found.shape, [2 * HEIGHT, 2 * WIDTH, 4]);
  const foundColours = found.data.filter((_, i) => i % 4 < 3);
  assert.deepEqual(foundColours, colours.data);
  assert.deepEqual(channel({ data: found.data, channels: 4 }, 3), alpha.data);
  // Without the form, alpha takes the way of the colours.
  const plain = await upscale(picture, { model });
  assert.ok(largestDifference(found.data, plain.data) <= 0.01);
});

test('a grey model sees the channels of a coloured picture one by one', async () => {
  const picture = scaled(pattern(WIDTH, HEIGHT, 3), 0.5, 60);
  const options = { model: 'span-2x', channels: 1 };
  const { data, shape } = await upscale(picture, options);
  assert.deepEqual(shape, [2 * HEIGHT, 2 * WIDTH, 3]);
  for (const index of [0, 1, 2]) {
    const one = await upscale({ ...picture, data: channel(picture, index), channels: 1 }, options);
    assert.deepEqual(channel({ data, channels: 3 }, index), one.data);
  }
});

test('the form is chosen beside the model, in a query, in a verbose path or in a definition', async () => {
  const [{ path: verbose }] = listModels({ scale: 2, architecture: 'span' });
  const file = path.join(__dirname, '..', 'models', 'span', '2x.onnx');
  for (const channels of [1, 4]) {
    for (const options of [
      { model: 'span-2x', channels },
      { model: { architecture: 'span', scale: 2, channels } },
      { model: verbose.replace(/3$/, channels) },
      { model: { path: file, channels } },
      { model: file, channels },
      { scale: 2, channels },
    ]) {
      const info = await withUpscaler(options, (upscaler) => upscaler.getModel());
      assert.equal(info.channels, channels, JSON.stringify(options));
      assert.equal(info.scale, 2);
      if (info.path !== undefined) assert.equal(info.path, verbose.replace(/3$/, channels));
    }
  }
});

test('queries for grey and RGBA find the colour models, which can be had so', () => {
  const colour = listModels({ channels: 3 });
  const [forGrey, others] = [3, 1].map((channels) =>
    listModels({ channels: 1 }).filter((entry) => entry.channels === channels),
  );
  assert.deepEqual(forGrey, colour);
  assert.deepEqual(
    others.map(({ id }) => id),
    ['grey-2x'],
  );
  assert.deepEqual(listModels({ channels: 4 }), colour);
  assert.equal(listModels({ channels: 2 }).length, 0);
});

test('what contradicts itself or the network is refused', async () => {
  const load = (options) => withUpscaler(options, (upscaler) => upscaler.ready);
  await assert.rejects(load({ model: { channels: 1 }, channels: 4 }), { code: 'ERR_INVALID_ARG_VALUE' });
  assert.throws(() => new (require('..'))({ channels: 2 }), { code: 'ERR_INVALID_ARG_VALUE' });
  const native = onnx({
    nodes: [{ op: 'Relu', inputs: ['x'], output: 'y' }],
    input: [1, 1, 'h', 'w'],
    output: [1, 1, 'H', 'W'],
  });
  const message = /channels 3 but found channels 1/;
  await assert.rejects(load({ model: native, channels: 3 }), { code: 'ERR_UPSCALER_MODEL_LOAD', message });
  const { channels } = await withUpscaler({ model: native, channels: 1 }, (upscaler) => upscaler.getModel());
  assert.equal(channels, 1);
});

/**
 * A network so large that there is memory for fewer sessions than runs may have begun. Its weights lie outside of what runs
 * in our kernels: each session has a copy of them.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const require = createRequire(import.meta.url);
const Upscaler = require('../..');
const { onnx } = require('../support/onnx');

const THREADS = 2;
/** Of the large convolution: 151 MB, three sessions of which are within 1 GiB, and six runs may have begun. */
const CHANNELS = 6144;

/** Small weights, no two rows alike. */
function weights(name, dims, scale) {
  const length = dims.reduce((product, dim) => product * dim, 1);
  const floats = new Float32Array(length);
  for (let i = 0; i < length; i++) floats[i] = ((((i * 2654435761) >>> 8) & 1023) / 1023 - 0.5) * scale;
  return { name, dims, floats };
}

function largeModel() {
  const conv = (inputs, output, side) => ({
    op: 'Conv',
    inputs,
    output,
    attributes: { kernel_shape: [side, side], ...(side > 1 ? { pads: [1, 1, 1, 1] } : {}) },
  });
  const unary = (op, input, output, attributes = {}) => ({ op, inputs: [input], output, attributes });
  return onnx({
    nodes: [
      conv(['x', 'first'], 'a', 3),
      unary('Relu', 'a', 'b'),
      conv(['b', 'second'], 'c', 3),
      unary('Relu', 'c', 'd'),
      conv(['d', 'third'], 'e', 3),
      unary('Tanh', 'e', 'f'),
      unary('AveragePool', 'f', 'g', { kernel_shape: [32, 32], strides: [32, 32] }),
      conv(['g', 'widen'], 'h', 1),
      unary('Tanh', 'h', 'i'),
      conv(['i', 'large'], 'j', 1),
      unary('Tanh', 'j', 'k'),
      conv(['k', 'narrow'], 'l', 1),
      {
        op: 'Resize',
        inputs: ['l', '', 'scales'],
        output: 'm',
        attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
      },
      { op: 'Add', inputs: ['f', 'm'], output: 'n', attributes: {} },
      unary('DepthToSpace', 'n', 'y', { blocksize: 2 }),
    ],
    constants: [
      weights('first', [64, 3, 3, 3], 0.2),
      weights('second', [64, 64, 3, 3], 0.05),
      weights('third', [12, 64, 3, 3], 0.05),
      weights('widen', [CHANNELS, 12, 1, 1], 0.1),
      weights('large', [CHANNELS, CHANNELS, 1, 1], 0.01),
      weights('narrow', [12, CHANNELS, 1, 1], 0.01),
      { name: 'scales', dims: [4], floats: [1, 1, 32, 32] },
    ],
  });
}

const picture = (side) => ({
  data: new Uint8Array(side * side * 3).fill(90),
  width: side,
  height: side,
  channels: 3,
});

test('posters and thumbnails through it are all done', { timeout: 300_000 }, async () => {
  Upscaler.configure({ threads: THREADS });
  const upscaler = new Upscaler({ model: largeModel(), scale: 2 });
  const { kernels } = await upscaler.getModel();
  assert.notEqual(kernels, 'onnxruntime', 'a part of it runs in our kernels');
  const posters = Array.from({ length: 3 * THREADS }, () =>
    upscaler.upscale(picture(512), { output: 'raw' }),
  );
  let over = false;
  const client = async () => {
    while (!over) await upscaler.upscale(picture(64), { output: 'raw' });
  };
  const clients = Array.from({ length: THREADS }, client);
  await Promise.all(posters);
  over = true;
  await Promise.all(clients);
  await upscaler.dispose();
});

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { GraphModel, onDisk, int, ints, text, texts, type } = require('./support/graph-model');
const { largestDifference, pattern, toTensor } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

/** TensorFlow.js graph models against TensorFlow.js itself: of 255, before rounding. */
const TOLERANCE = 0.01;

const FLOAT = { T: type('DT_FLOAT') };
const SAME = {
  padding: text('SAME'),
  strides: ints([1, 1, 1, 1]),
  dilations: ints([1, 1, 1, 1]),
  data_format: text('NHWC'),
  ...FLOAT,
};
const VALID = { ...SAME, padding: text('VALID') };

/**
 * A number of the picture's shape, as graphs compute with it.
 *
 * @param {GraphModel} net
 * @param {number} axis
 */
function sizeOf(net, axis) {
  const shape = net.node('Shape', [net.input], { out_type: type('DT_INT32') });
  const at = [net.ints([axis]), net.ints([axis + 1]), net.ints([1])];
  return net.node('StridedSlice', [shape, ...at], { shrink_axis_mask: int(1) });
}

/** A 2x network of what such networks are made of, with the fused forms that TensorFlow.js's converter writes. */
function enlarging() {
  const net = new GraphModel();
  const fused = (ops, count, more) => ({ ...SAME, fused_ops: texts(ops), num_args: int(count), ...more });
  const scaled = net.node('Mul', [net.input, net.floats([1 / 255], [])], FLOAT);
  const first = net.node('Conv2D', [scaled, net.trained([3, 3, 3, 8])], SAME);
  const biased = net.node('BiasAdd', [first, net.trained([8])], FLOAT);
  const head = net.node('Relu', [biased], FLOAT);
  const leaky = fused(['BiasAdd', 'LeakyRelu'], 1, { leakyrelu_alpha: { f: 0.1 } });
  let x = net.node('_FusedConv2D', [head, net.trained([3, 3, 8, 8]), net.trained([8])], leaky);
  const slopes = [net.trained([8]), net.trained([1, 1, 8])];
  x = net.node('_FusedConv2D', [x, net.trained([1, 1, 8, 8]), ...slopes], fused(['BiasAdd', 'Prelu'], 2));
  x = net.node('DepthwiseConv2dNative', [x, net.trained([3, 3, 8, 1])], {
    ...SAME,
    dilations: ints([1, 2, 2, 1]),
  });
  const statistics = [
    net.trained([8], 1),
    net.trained([8]),
    net.trained([8]),
    net.floats(Array(8).fill(0.7)),
  ];
  x = net.node('FusedBatchNormV3', [x, ...statistics], {
    epsilon: { f: 0.001 },
    is_training: { b: false },
    ...FLOAT,
  });
  x = net.node('Elu', [x], FLOAT);
  x = net.node('AddV2', [x, head], FLOAT);
  x = net.node('ConcatV2', [x, head, net.ints([-1], [])], { N: int(2), ...FLOAT });
  x = net.node('Conv2D', [x, net.trained([3, 3, 16, 12])], SAME);
  const shuffled = net.node('DepthToSpace', [x], { block_size: int(2), data_format: text('NHWC'), ...FLOAT });
  // Twice the picture's size, computed by the graph.
  const doubled = [1, 2].map((axis) =>
    net.node('Mul', [sizeOf(net, axis), net.ints([2], [])], { T: type('DT_INT32') }),
  );
  const size = net.node('Pack', doubled, { N: int(2), axis: int(0), T: type('DT_INT32') });
  const stretched = net.node('ResizeBilinear', [scaled, size], { half_pixel_centers: { b: true }, ...FLOAT });
  const whole = net.node('Pack', [net.ints([1], []), ...doubled, net.ints([3], [])], {
    N: int(4),
    axis: int(0),
    T: type('DT_INT32'),
  });
  const grown = net.node('Conv2DBackpropInput', [whole, net.trained([2, 2, 3, 8]), head], {
    ...VALID,
    strides: ints([1, 2, 2, 1]),
  });
  const detail = net.node(
    'Mul',
    [net.node('Tanh', [net.node('AddV2', [shuffled, grown], FLOAT)], FLOAT), net.floats([0.1])],
    FLOAT,
  );
  const result = net.node('AddV2', [stretched, detail], FLOAT);
  return { net, output: net.node('Mul', [result, net.floats([255], [])], FLOAT) };
}

/** A 1x network that looks at the whole picture, mixes blocks of 4x4, and computes with sizes: MAXIM's habits. */
function global() {
  const net = new GraphModel();
  const scaled = net.node('RealDiv', [net.input, net.floats([255], [])], FLOAT);
  const dense = { equation: text('abcd,de->abce'), N: int(2), ...FLOAT };
  let x = net.node('Einsum', [scaled, net.trained([3, 8], 1)], dense);
  x = net.node('AddV2', [x, net.trained([8])], FLOAT);
  // Normalised along the channels.
  const last = net.ints([3]);
  const kept = { keep_dims: { b: true }, ...FLOAT };
  const centred = net.node('Sub', [x, net.node('Mean', [x, last], kept)], FLOAT);
  const variance = net.node('Mean', [net.node('Square', [centred], FLOAT), last], kept);
  const inverse = net.node('Rsqrt', [net.node('AddV2', [variance, net.floats([0.001], [])], FLOAT)], FLOAT);
  x = net.node('Mul', [centred, inverse], FLOAT);
  // Blocks of 4x4, mixed along their pixels.
  const [batch, height, width] = [0, 1, 2].map((axis) => sizeOf(net, axis));
  const quarter = (size) => net.node('FloorDiv', [size, net.ints([4], [])], { T: type('DT_INT32') });
  const [four, eight] = [net.ints([4], []), net.ints([8], [])];
  const pack = (sizes) =>
    net.node('Pack', sizes, { N: int(sizes.length), axis: int(0), T: type('DT_INT32') });
  const cut = pack([batch, quarter(height), four, quarter(width), four, eight]);
  const order = net.ints([0, 1, 3, 2, 4, 5]);
  let blocks = net.node('Transpose', [net.node('Reshape', [x, cut], FLOAT), order], FLOAT);
  blocks = net.node('Reshape', [blocks, pack([batch, net.ints([-1], []), net.ints([16], []), eight])], FLOAT);
  blocks = net.node('Einsum', [blocks, net.trained([16, 16])], { ...dense, equation: text('abcd,ce->abed') });
  const pieces = pack([batch, quarter(height), quarter(width), four, four, eight]);
  blocks = net.node('Transpose', [net.node('Reshape', [blocks, pieces], FLOAT), order], FLOAT);
  x = net.node(
    'AddV2',
    [x, net.node('Reshape', [blocks, pack([batch, height, width, eight])], FLOAT)],
    FLOAT,
  );
  // Half of the channels gate the others.
  const split = net.node('Split', [net.ints([-1], []), x], { num_split: int(2), ...FLOAT });
  const gate = net.node('Sigmoid', [`${split}:1`], FLOAT);
  x = net.node('Mul', [`${split}:0`, gate], FLOAT);
  // Attention: a number for each channel from all pixels.
  const mean = net.node('Mean', [x, net.ints([1, 2])], kept);
  const attention = net.node(
    'Softmax',
    [net.node('Conv2D', [mean, net.trained([1, 1, 4, 4])], VALID)],
    FLOAT,
  );
  x = net.node('Mul', [x, attention], FLOAT);
  // A frame of reflected pixels, taken away again.
  x = net.node('MirrorPad', [x, net.ints([0, 0, 1, 1, 2, 2, 0, 0], [4, 2])], {
    mode: text('REFLECT'),
    ...FLOAT,
  });
  x = net.node('Conv2D', [x, net.trained([3, 3, 4, 3])], VALID);
  const bounds = [net.ints([0, 0, 1, 0]), net.ints([0, 0, -1, 0]), net.ints([1, 1, 1, 1])];
  x = net.node('StridedSlice', [x, ...bounds], { begin_mask: int(11), end_mask: int(11), ...FLOAT });
  // The picture upside down: rows by index.
  const one = net.ints([1], []);
  const rows = net.node('Range', [net.ints([0], []), height, one], { Tidx: type('DT_INT32') });
  const from = net.node('Sub', [height, one], { T: type('DT_INT32') });
  const upside = net.node('Sub', [from, rows], { T: type('DT_INT32') });
  const turned = net.node('GatherV2', [scaled, upside, one], { batch_dims: int(0) });
  // The brighter of the two, and a leaky activation written as a choice.
  x = net.node(
    'AddV2',
    [net.node('Mul', [x, net.floats([0.4], [])], FLOAT), net.node('Maximum', [scaled, turned], FLOAT)],
    FLOAT,
  );
  const positive = net.node('GreaterEqual', [x, net.floats([0], [])], FLOAT);
  x = net.node('SelectV2', [positive, x, net.node('Neg', [x], FLOAT)], FLOAT);
  return { net, output: net.node('Mul', [x, net.floats([255], [])], FLOAT) };
}

/**
 * @param {{ json: any, shard: Buffer }} files
 * @param {object} picture
 * @param {object} [options] of upscale
 */
function ours(files, picture, options) {
  return onDisk(files, (model) =>
    withUpscaler({ model }, async (upscaler) => ({
      info: await upscaler.getModel(),
      ...(await upscaler.upscale(picture, { output: 'tensor', ...options })),
    })),
  );
}

test('a graph that is the same for all sizes is one network, cut into tiles like any other', async () => {
  const { net, output } = enlarging();
  const picture = toTensor(pattern(23, 18, 3));
  const expected = await net.oracle(output, picture);
  const { data, shape, info } = await ours(net.files(output), picture);
  assert.deepEqual(shape, [36, 46, 3]);
  assert.ok(largestDifference(data, expected.data) < TOLERANCE);
  assert.equal(info.scale, 2);
  assert.equal(info.format, 'tfjs');
  // A 3x3 convolution, one more, a dilated one and a last one, before two pixels at a time.
  assert.equal(typeof info.halo, 'number');
});

test('DivNoNan is 0 where the divisor is 0', async () => {
  const net = new GraphModel();
  const filter = net.trained([3, 3, 3, 3]);
  const x = net.node('Conv2D', [net.input, filter], SAME);
  // 0, 1 or 2, from whole numbers: no rounding decides whether a divisor is 0.
  const steps = net.node('Floor', [net.node('Mul', [net.input, net.floats([1 / 100], [])], FLOAT)], FLOAT);
  const output = net.node('DivNoNan', [x, steps], FLOAT);
  const picture = toTensor(pattern(16, 12, 3));
  const expected = await net.oracle(output, picture);
  const { data } = await ours(net.files(output), picture);
  assert.ok(data.some((value, i) => value === 0 && expected.data[i] === 0));
  assert.ok(largestDifference(data, expected.data) < TOLERANCE);
});

test('a graph that looks at the whole picture is made for the size of each picture', async () => {
  const { net, output } = global();
  for (const [width, height] of [
    [12, 8],
    [20, 16],
  ]) {
    const picture = toTensor(pattern(width, height, 3));
    const expected = await net.oracle(output, picture);
    const { data, shape, info } = await ours(net.files(output), picture);
    assert.deepEqual(shape, [height, width, 3]);
    assert.ok(largestDifference(data, expected.data) < TOLERANCE);
    assert.equal(info.scale, 1);
    assert.equal(info.halo, null);
  }
});

test('sizes that the graph does not take are padded with the picture’s edge and trimmed', async () => {
  const { net, output } = global();
  const small = pattern(10, 7, 3);
  const padded = { ...small, width: 12, height: 8, data: new Uint8Array(12 * 8 * 3) };
  for (let i = 0; i < padded.data.length; i++) {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % 12, Math.floor(i / 36)];
    padded.data[i] = small.data[(Math.min(y, 6) * 10 + Math.min(x, 9)) * 3 + c];
  }
  const expected = await net.oracle(output, toTensor(padded));
  const { data, shape } = await ours(net.files(output), toTensor(small));
  assert.deepEqual(shape, [7, 10, 3]);
  const kept = data.map(
    (_, i) => expected.data[(Math.floor(i / 30) * 12 + (Math.floor(i / 3) % 10)) * 3 + (i % 3)],
  );
  assert.ok(largestDifference(data, kept) < TOLERANCE);
});

test('a graph of a fixed size keeps to it', async () => {
  const net = new GraphModel(['1', '16', '24', '3']);
  const shape = net.ints([1, 16, 24, 3]);
  const output = net.node('Reshape', [net.node('Reshape', [net.input, net.ints([-1])], FLOAT), shape], FLOAT);
  const picture = toTensor(pattern(30, 20, 3));
  const { data, info } = await ours(net.files(output), picture);
  assert.deepEqual(info.fixedSize, [16, 24]);
  assert.ok(largestDifference(data, picture.data) < TOLERANCE);
});

/** @type {Record<string, [(files: { json: any, shard: Buffer }) => void, RegExp]>} what is done to a good model, and what is said */
const DAMAGE = {
  'an unknown operator': [
    ({ json }) => (json.modelTopology.node.at(-1).op = 'Bucketize'),
    /Bucketize ".*_\d+".*not supported/,
  ],
  'a cycle': [
    ({ json }) =>
      (json.modelTopology.node.find(({ op }) => op === 'Relu').input = [json.modelTopology.node.at(-1).name]),
    /cycle: operator \w+ "/,
  ],
  'an operator that reads what is not there': [
    ({ json }) => (json.modelTopology.node.at(-1).input[0] = 'nowhere'),
    /"nowhere", which is not there/,
  ],
  'a constant without a value': [
    ({ json }) => (json.weightsManifest[0].weights = []),
    /weightsManifest|expected 0 bytes/,
  ],
  'a truncated shard': [
    (files) => (files.shard = files.shard.subarray(0, -5)),
    /weights\.bin: expected \d+ bytes of weights, found \d+/,
  ],
  'a shard outside the folder': [
    ({ json }) => (json.weightsManifest[0].paths = ['../../etc/passwd']),
    /not allowed/,
  ],
  'weights that claim two gigabytes': [
    ({ json }) => (json.weightsManifest[0].weights[0].shape = [1 << 29]),
    /expected 2147\d+ bytes/,
  ],
  'two nodes of one name': [
    ({ json }) => (json.modelTopology.node.at(-1).name = json.modelTopology.node[1].name),
    /same name/,
  ],
  'no output': [({ json }) => (json.signature.outputs.result.name = 'nowhere'), /output/],
  'nodes that are no nodes': [({ json }) => (json.modelTopology.node = 7), /model\.json/],
};

for (const [what, [damage, message]] of Object.entries(DAMAGE)) {
  test(`${what} is an error that says so`, async () => {
    const { net, output } = enlarging();
    const files = structuredClone(net.files(output));
    files.shard = Buffer.from(files.shard);
    damage(files);
    await assert.rejects(ours(files, toTensor(pattern(8, 8, 3))), {
      code: 'ERR_UPSCALER_MODEL_LOAD',
      message,
    });
  });
}

test('shapes that are absurd are refused before there is memory for them', async () => {
  const net = new GraphModel();
  const huge = net.node('BroadcastTo', [net.floats([1]), net.ints([1 << 20, 1 << 20])], FLOAT);
  const sum = net.node('Sum', [huge, net.ints([0, 1])], { keep_dims: { b: false }, ...FLOAT });
  const output = net.node('AddV2', [net.input, sum], FLOAT);
  const before = process.memoryUsage().rss;
  await assert.rejects(ours(net.files(output), toTensor(pattern(8, 8, 3))), {
    code: 'ERR_UPSCALER_MODEL_LOAD',
    message: /BroadcastTo ".*absurdly large/,
  });
  assert.ok(process.memoryUsage().rss - before < 100e6);
});

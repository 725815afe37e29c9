'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { Readable } = require('node:stream');
const { pathToFileURL } = require('node:url');
const { NEAREST } = require('../pixels');

/**
 * Values that each option is meant to have, by the interface of index.d.ts that names it, made anew for each use. None
 * takes long: networks double pixels, pictures are tiny, results are limited.
 *
 * @typedef {Record<string, (() => unknown)[]>} Table
 */

const FIXTURES = path.join(__dirname, '..', '..', '..', 'tests', 'fixtures', 'small');

/** @param {readonly unknown[]} values that may be shared */
const of = (...values) => values.map((value) => () => value);

const never = () => new AbortController().signal;
const raw = (width = 4, height = 3, channels = 3) => ({
  data: new Uint8Array(width * height * channels).fill(90),
  width,
  height,
  channels,
});
const file = (name) => fs.readFileSync(path.join(FIXTURES, name));
const TF = { tensor: (data, shape) => ({ shape, data: async () => data, dispose() {} }) };

/** @type {Table} */
const ModelQuery = {
  scale: of(2),
  domain: of('photo', 'text'),
  dataset: of('df2k'),
  architecture: of('span'),
  family: of('span', 'fast'),
  size: of('small'),
  channels: of(1, 3, 4),
  noise: of(0, 1),
  quantization: of('int8'),
};

/** @type {Table} */
const ModelDefinition = {
  path: of(NEAREST, NEAREST, pathToFileURL(NEAREST).href),
  modelType: of('layers', 'graph'),
  scale: of(2),
  channels: of(1, 3, 4),
  inputRange: of([0, 255], [0, 1], [-1, 1]),
  outputRange: of([0, 255], [0, 1]),
  divisibilityFactor: of(1, 4),
  sha256: of('0'.repeat(64)),
  meta: of({}),
  _internals: of({ name: '@upscalerjs/default-model', path: 'models/model.json' }, { name: 'x', path: 'y' }),
  preprocess: of(
    (tensor) => tensor,
    async ({ data, shape }) => ({ data: data.slice(), shape }),
  ),
  postprocess: of((tensor) => tensor),
  setup: of(() => {}),
  teardown: of(() => {}),
};

/** @type {Table} */
const UpscalerOptions = {
  model: [...of(NEAREST, 'span-2x', 'fast-2x', { scale: 2, domain: 'photo' }), () => pathToFileURL(NEAREST)],
  scale: of(2),
  channels: of(1, 3, 4),
  precision: of('fp32', 'int8'),
  warmupSizes: of(8, { patchSize: 16, padding: 2 }, [4, { patchSize: 8 }]),
  executionProviders: of(['cpu'], ['cuda', 'cpu']),
  threads: of(1, 2),
  limitInputPixels: of(1000, false, true),
  limitOutputPixels: of(4000, false, true),
  limitInputBytes: of(100_000),
  failOn: of('none', 'truncated', 'error', 'warning'),
  concurrency: of(1, 3),
  maxPending: of(0, 1, 256),
  allowPaths: of(true, false),
  signal: [never],
  timeout: of(60_000),
  fetch: of(
    false,
    true,
    async () => new Response(file('rgba.png')),
    async () => new Response(null, { status: 404 }),
  ),
  tf: of(TF),
  guard: of(true, false),
};

/** @type {Table} */
const UpscaleOptions = {
  output: of('buffer', 'base64', 'tensor', 'raw', 'stream'),
  patchSize: of(3, 8, 64),
  padding: of(0, 1),
  progress: of(
    () => {},
    (_fraction, _slice, _data) => {},
  ),
  progressOutput: of('buffer', 'base64', 'tensor', 'raw'),
  signal: [never],
  awaitNextFrame: of(true),
  format: of('png', 'jpeg', 'jpg', 'webp', 'avif', 'tiff', 'tif', 'gif'),
  animated: of(true, false),
  page: of(0, 1),
  pages: of(-1, 1, 2),
  quality: of(1, 50, 100),
  lossless: of(true, false),
  compressionLevel: of(0, 9),
  depth: of(8, 16),
  scale: of(1, 2, 3.7, 0.01),
  width: of(1, 5, 300),
  height: of(1, 5, 300),
  fit: of('cover', 'contain', 'fill', 'inside', 'outside'),
  alpha: of('model', 'resample', 'remove'),
  background: of('#ff8000', '#fff', [1, 2, 3], { r: 1, g: 2, b: 3 }),
  autoOrient: of(true, false),
  keepMetadata: of('none', 'icc', 'all'),
  resolveWithObject: of(true, false),
  timeout: of(60_000),
};

/** @type {Table} */
const RawInput = {
  data: [
    () => raw().data,
    () => new Uint16Array(36),
    () => new Uint8ClampedArray(36),
    () => Buffer.alloc(72),
  ],
  width: of(4, 3),
  height: of(3, 4),
  channels: of(3),
  depth: of(8, 16),
};

/** @type {Table} */
const TensorInput = {
  data: [() => new Float32Array(36).fill(90)],
  shape: of([3, 4, 3], [1, 3, 4, 3], [12, 1, 3]),
};

/** @type {Table} */
const TensorFlowTensor = {
  shape: of([3, 4, 3], [1, 3, 4, 3]),
  data: of(async () => new Float32Array(36), () => Int32Array.of(...Array(36).keys())), // prettier-ignore
  dispose: of(() => {}),
};

/** Pictures of every kind. @type {(() => unknown)[]} */
const PICTURES = [
  () => raw(),
  () => raw(7, 1, 4),
  () => ({ data: new Float32Array(12), shape: [2, 2, 3] }),
  () => TF.tensor(new Float32Array(4), [2, 2, 1]),
  () => file('rgba.png'),
  () => file('animated.gif'),
  () => new Uint8Array(file('png.ico')).buffer,
  () => new Blob([file('operations.qoi')]),
  () => Readable.from([file('binary.ppm')]),
  () => new Blob([file('rgba.png')]).stream(),
  () => `data:image/png;base64,${file('rgba.png').toString('base64')}`,
  () => path.join(FIXTURES, 'bitmap.ico'),
  () => pathToFileURL(path.join(FIXTURES, 'animated.gif')),
  () => 'http://127.0.0.1:9/picture.png',
];

/** As index.d.ts declares them, without what they inherit. */
const interfaces = {
  Configuration: { threads: of(1), maxMemory: of(2 ** 30) },
  ModelDefinition,
  ModelQuery,
  RawInput,
  StreamOptions: { output: of('stream'), highWaterMark: of(1, 65536) },
  TensorFlowTensor,
  TensorInput,
  UpscaleOptions,
  UpscalerOptions,
  WarmupArgs: { signal: [never], awaitNextFrame: of(true) },
  WarmupSizesByPatchSize: { patchSize: of(4, 16), padding: of(0, 2) },
};

/** @param {string} name of an interface @returns {Table} */
function fieldsOf(name) {
  return name === 'StreamOptions' ? { ...UpscaleOptions, ...interfaces.StreamOptions } : interfaces[name];
}

module.exports = { PICTURES, fieldsOf, interfaces, raw };

'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const express = require('express');
const sharp = require('sharp');
// The one line that changes: const Upscaler = require('upscaler/node');
const Upscaler = require('..');
const { largestDifference, pattern } = require('./support/pixels');

/**
 * What UpscalerJS's guides for Node do, in its own words: the import is another one, `output: 'tensor'` stands where that
 * was the default, and `tf.tensor(data, shape)` where a tf.Tensor is wanted. docs/migrating.md is those guides' page.
 */

const x2 = require('@upscalerjs/esrgan-slim/2x');
const MODEL = path.join(
  __dirname,
  '..',
  'node_modules',
  '@upscalerjs',
  'default-model',
  'models',
  'model.json',
);

const flower = pattern(40, 32, 3);
const FILE = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-guides-')), 'flower.png');
before(() => sharp(flower.data, { raw: flower }).png().toFile(FILE));

/** What tfjs-node has and tfjs-core has not. */
const node = {
  decodeImage: async (file, channels) => {
    const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
    assert.equal(info.channels, channels);
    return tf.tensor3d(new Int32Array(data), [info.height, info.width, channels], 'int32');
  },
  encodePng: async (tensor) => {
    const [height, width, channels] = tensor.shape;
    const data = Uint8Array.from(await tensor.data(), Math.round);
    return sharp(data, { raw: { width, height, channels } }).png().toBuffer();
  },
  /** Its NodeFileSystem keeps the path, and loads what is there. */
  fileSystem: (file) => ({ path: file, load: async () => assert.fail('the file is read here') }),
};

const size = async (picture) => {
  const { width, height } = await sharp(picture).metadata();
  return [width, height];
};

/** @param {Upscaler} upscaler @param {object} options of the guide */
async function getUpscaledImage(upscaler, options) {
  const image = await node.decodeImage(fs.readFileSync(FILE), 3);
  const { data, shape } = await upscaler.upscale(image, { output: 'tensor', ...options });
  image.dispose();
  const tensor = tf.tensor(data, shape);
  const upscaled = await node.encodePng(tensor);
  tensor.dispose();
  return upscaled;
}

test('Node.js: a server that upscales a decoded picture in patches', async () => {
  const before = tf.memory().numTensors;
  const upscaler = new Upscaler({ model: '@upscalerjs/default-model' });
  const app = express();
  app.get('/', async (_request, response) => {
    const upscaledImage = await getUpscaledImage(upscaler, { patchSize: 64, padding: 6 });
    response.set('Content-Type', 'image/png');
    response.write(upscaledImage, 'binary');
    response.end(null, 'binary');
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/`);
  assert.deepEqual(await size(Buffer.from(await answer.arrayBuffer())), [80, 64]);
  assert.equal(tf.memory().numTensors, before, 'no tensor is left behind');
  server.close();
  await upscaler.dispose();
});

test('Node.js with a model of a package', async () => {
  const upscaler = new Upscaler({ model: x2 });
  assert.deepEqual(await size(await getUpscaledImage(upscaler, { patchSize: 64, padding: 6 })), [80, 64]);
  await upscaler.dispose();
});

test("a model's path through tf.io.fileSystem is the file", async () => {
  const named = new Upscaler({ model: { path: MODEL, scale: 2 } });
  const handled = new Upscaler({ model: { path: node.fileSystem(MODEL), scale: 2 } });
  const [one, two] = await Promise.all(
    [named, handled].map((own) => own.upscale(flower, { output: 'tensor' })),
  );
  assert.equal(largestDifference(one.data, two.data), 0);
  await Promise.all([named.dispose(), handled.dispose()]);
});

test('a handler of another kind is asked for what it loads', async () => {
  const { modelTopology, weightsManifest, format } = JSON.parse(fs.readFileSync(MODEL, 'utf8'));
  const weights = weightsManifest.flatMap(({ paths }) =>
    paths.map((name) => fs.readFileSync(path.join(path.dirname(MODEL), name))),
  );
  const weightData = new Uint8Array(Buffer.concat(weights)).buffer;
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const artifacts = { modelTopology, weightSpecs, weightData, format };
  const named = new Upscaler({ model: { path: MODEL, scale: 2 } });
  const loaded = new Upscaler({ model: { path: tf.io.fromMemory(artifacts), scale: 2 } });
  const [one, two] = await Promise.all(
    [named, loaded].map((own) => own.upscale(flower, { output: 'tensor' })),
  );
  assert.equal(largestDifference(one.data, two.data), 0);
  await Promise.all([named.dispose(), loaded.dispose()]);

  const failing = { load: () => Promise.reject(new Error('no such bucket')) };
  await assert.rejects(new Upscaler({ model: { path: failing, scale: 2 } }).ready, {
    code: 'ERR_UPSCALER_MODEL_LOAD',
    message: /load function/,
  });
  await assert.rejects(new Upscaler({ model: { path: { load: () => ({}) }, scale: 2 } }).ready, {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /modelTopology/,
  });
});

test('a path, base64 and its data: URL', async () => {
  const upscaler = new Upscaler({ model: x2 });
  const src = await upscaler.upscale(FILE, { output: 'base64' });
  assert.match(src, /^data:image\/png;base64,/);
  assert.deepEqual(await size(Buffer.from(src.split(',')[1], 'base64')), [80, 64]);
  assert.deepEqual(await size(await upscaler.execute(src)), [160, 128]);
  await upscaler.dispose();
});

test('warming up, by the constructor and by the method', async () => {
  const upscaler = new Upscaler({ model: x2, warmupSizes: [{ patchSize: 32, padding: 2 }] });
  await upscaler.ready;
  await upscaler.warmup([{ patchSize: 16 }, 24]);
  assert.ok(upscaler.counters().done >= 3);
  await upscaler.dispose();
});

test('progress: a fraction, or with the slice and where it is', async () => {
  const upscaler = new Upscaler({ model: x2 });
  const fractions = [];
  await upscaler.upscale(FILE, { patchSize: 16, padding: 2, progress: (percent) => fractions.push(percent) });
  assert.equal(fractions.at(-1), 1);
  const slices = [];
  await upscaler.upscale(FILE, {
    output: 'base64',
    patchSize: 16,
    padding: 2,
    progressOutput: 'tensor',
    progress: (_percent, slice, { row, col, patchCoordinates }) => {
      slices.push([row, col, slice.shape, patchCoordinates.pre.origin]);
    },
  });
  assert.deepEqual(slices[0], [0, 0, [28, 28, 3], [0, 0]]);
  await upscaler.dispose();
});

test('cancelling, by a signal and by abort()', async () => {
  const upscaler = new Upscaler({ model: x2 });
  const controller = new AbortController();
  const options = { patchSize: 16, padding: 4, signal: controller.signal };
  const progress = () => controller.abort();
  await assert.rejects(upscaler.upscale(FILE, { ...options, progress }), { name: 'AbortError' });
  const running = upscaler.upscale(FILE, { patchSize: 16, padding: 4 });
  upscaler.abort();
  await assert.rejects(running, { name: 'AbortError' });
  assert.ok(await upscaler.upscale(FILE), 'the next call works');
  await upscaler.dispose();
});

test('a custom model with TensorFlow.js in its functions', async () => {
  const model = {
    path: MODEL,
    scale: 2,
    preprocess: (image) => tf.tidy(() => tf.clipByValue(tf.mul(image, 0.5), 0, 255)),
    postprocess: (output) => tf.tidy(() => tf.clipByValue(tf.mul(output, 2), 0, 255)),
  };
  const before = tf.memory().numTensors;
  const upscaler = new Upscaler({ model, tf });
  const { shape } = await upscaler.upscale(FILE, { output: 'tensor' });
  assert.deepEqual(shape, [64, 80, 3]);
  assert.equal(tf.memory().numTensors, before);
  await upscaler.dispose();

  const without = new Upscaler({ model });
  await assert.rejects(without.upscale(FILE), { code: 'ERR_UPSCALER_INFERENCE', message: /options\.tf/ });
  await without.dispose();
});

test('patches whose padding is too small are warned of, with a number that helps', async () => {
  const upscaler = new Upscaler({ model: 'span-2x' });
  const { receptiveField } = await upscaler.getModel();
  await upscaler.dispose();
  // A process warns once.
  const warning = (options) => {
    const script = `new (require('.'))({ model: 'span-2x' }).upscale(${JSON.stringify(FILE)}, ${options})`;
    return spawnSync(process.execPath, ['-e', script], { cwd: path.join(__dirname, '..'), encoding: 'utf8' })
      .stderr;
  };
  const less = `padding 6 is less than the ${receptiveField} pixels`;
  assert.match(
    warning('{ patchSize: 64, padding: 6 }'),
    new RegExp(`${less}.*give padding: ${receptiveField}`),
  );
  assert.match(warning('{ patchSize: 32, padding: 6 }'), new RegExp(`${less}.*leave patchSize out`));
  assert.equal(warning(`{ patchSize: 64, padding: ${receptiveField} }`), '');
});

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { pathToFileURL } = require('node:url');
const { resolveModel } = require('../lib/resolve-model');

const MODULES = path.join(__dirname, '..', 'node_modules', '@upscalerjs');
const resolve = (model, options = {}) => resolveModel(model, options);

test("UpscalerJS's packages by name: the file, the scale and the ranges of each", () => {
  const zeroTo255 = { inputRange: [0, 255], outputRange: [0, 255] };
  const zeroToOne = { inputRange: [0, 1], outputRange: [0, 1] };
  const models = {
    'default-model': [2, 'models/model.json', zeroTo255],
    'esrgan-slim/4x': [4, 'models/x4/model.json', zeroTo255],
    'esrgan-medium/8x': [8, 'models/x8/model.json', zeroTo255],
    'esrgan-thick/3x': [3, 'models/x3/model.json', zeroToOne],
    'esrgan-legacy/gans': [4, 'models/gans/model.json', zeroToOne],
    'esrgan-legacy/psnr-small': [2, 'models/psnr-small/model.json', zeroTo255],
    'esrgan-legacy/div2k/3x': [3, 'models/div2k/x3/model.json', zeroTo255],
  };
  for (const [name, [scale, file, ranges]] of Object.entries(models)) {
    const { source, hooks } = resolve(`@upscalerjs/${name}`);
    assert.equal(source.scale, scale, name);
    assert.equal(
      fs.realpathSync(source.path),
      fs.realpathSync(path.join(MODULES, name.split('/')[0], file)),
      name,
    );
    assert.ok(fs.existsSync(source.path), name);
    assert.deepEqual({ inputRange: source.inputRange, outputRange: source.outputRange }, ranges, name);
    assert.equal(hooks, undefined, name);
  }
});

test('a package of several models: the scale chooses, and none is guessed', () => {
  assert.equal(resolve('@upscalerjs/esrgan-slim', { scale: 3 }).source.scale, 3);
  const several = { code: 'ERR_UPSCALER_MODEL_NOT_FOUND', message: /x2 \(scale 2\), x3 \(scale 3\)/ };
  assert.throws(() => resolve('@upscalerjs/esrgan-slim'), several);
  assert.throws(() => resolve('@upscalerjs/esrgan-slim', { scale: 5 }), several);
});

test('a definition as an object, as an ES module and as a function', () => {
  const definition = require('@upscalerjs/esrgan-medium/2x');
  for (const model of [definition, { __esModule: true, default: definition }, () => definition]) {
    const { source } = resolve(model);
    assert.equal(source.scale, 2);
    assert.match(source.path, /models[/\\]x2[/\\]model\.json$/);
    assert.equal(source.name, 'esrgan-medium-2x');
  }
});

test("functions of UpscalerJS's definitions are not called, those of others are kept", () => {
  const setup = () => assert.fail('called');
  const theirs = { ...require('@upscalerjs/default-model'), setup };
  assert.equal(resolve(theirs).hooks, undefined);
  assert.equal(resolve({ path: 'model.json', setup }).hooks.setup, setup);
});

test('paths and URLs', () => {
  const absolute = path.resolve('models', 'a.onnx');
  for (const model of [absolute, './models/a.onnx', 'models/a.onnx', pathToFileURL(absolute).href]) {
    assert.equal(resolve(model, { scale: 2 }).source.path, absolute);
    assert.equal(resolve(model, { scale: 2 }).source.scale, 2);
  }
  assert.equal(resolve('./models/folder').source.path, path.resolve('models', 'folder'));
  assert.throws(() => resolve({ path: 'https://example.com/model.json' }), { code: 'ERR_INVALID_ARG_VALUE' });
});

test('ranges default to 0..255 as in UpscalerJS, but not for an .onnx', () => {
  assert.deepEqual(resolve({ path: 'm/model.json' }).source.inputRange, [0, 255]);
  assert.equal(resolve({ path: 'm/model.onnx' }).source.inputRange, undefined);
});

test('bytes are copied', () => {
  const bytes = Buffer.from([8, 1]);
  const { source } = resolve(bytes);
  bytes[0] = 0;
  assert.deepEqual(source.bytes, Uint8Array.of(8, 1));
});

test('catalogue names and queries', () => {
  for (const [model, options] of [
    ['span-4x', {}],
    ['span', { scale: 4 }],
    [undefined, { scale: 4 }],
    [{ scale: 4 }, {}],
    [{ family: 'span' }, { scale: 4 }],
  ]) {
    const { source, entry } = resolve(model, options);
    assert.equal(entry.id, 'span-4x');
    assert.equal(source.name, 'span-4x');
    assert.equal(source.scale, 4);
  }
});

test('our own packages: by name, by their definitions, and nothing else of them', () => {
  const byName = resolve('@upscaler-node/real-esrgan/photo-4x');
  const byDefinition = resolve(require('@upscaler-node/real-esrgan/photo-4x'));
  for (const { entry, source, hooks } of [byName, byDefinition]) {
    assert.equal(entry.id, 'photo-4x');
    assert.equal(source.name, 'photo-4x');
    assert.equal(fs.realpathSync(source.path), path.resolve('models/real-esrgan/photo-4x.onnx'));
    assert.deepEqual(source.inputRange, [0, 1]);
    assert.equal(hooks?.preprocess, undefined);
  }
  assert.equal(resolve(require('@upscaler-node/waifu2x-photo/denoise-2x')).entry.id, 'denoise-2x-1');
  assert.throws(() => resolve('@upscaler-node/real-esrgan/zebra'), {
    code: 'ERR_UPSCALER_MODEL_NOT_FOUND',
    message: /has no @upscaler-node\/real-esrgan\/zebra/,
  });
});

test('what cannot be found says what to do', () => {
  assert.throws(() => resolve('@upscalerjs/esrgan-huge/2x'), {
    code: 'ERR_UPSCALER_MODEL_NOT_INSTALLED',
    message: /npm install @upscalerjs\/esrgan-huge$/,
  });
  assert.throws(() => resolve('@upscalerjs/esrgan-slim/5x'), { code: 'ERR_UPSCALER_MODEL_NOT_FOUND' });
  assert.throws(() => resolve('spam'), { code: 'ERR_UPSCALER_MODEL_NOT_FOUND', message: /span-2x/ });
  assert.throws(() => resolve({ path: 'a.json', scale: 2 }, { scale: 4 }), {
    code: 'ERR_UPSCALER_MODEL_NOT_FOUND',
  });
  assert.throws(() => resolve({ _internals: { name: '@nobody/nothing', path: 'model.json' } }), {
    code: 'ERR_UPSCALER_MODEL_NOT_INSTALLED',
  });
  assert.throws(() => resolve({ layers: [] }), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('a definition function that throws, or wants a TensorFlow.js it was not given', () => {
  const wantsTf = (tf) => ({ path: tf.env() });
  assert.throws(() => resolve(wantsTf), { code: 'ERR_UPSCALER_MODEL_LOAD', message: /options\.tf/ });
  const tf = { tensor() {}, env: () => './model.json' };
  assert.equal(resolve(wantsTf, { tf }).source.path, path.resolve('model.json'));
});

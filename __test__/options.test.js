'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { parseUpscalerOptions, parseUpscaleOptions, parseConfiguration } = require('../lib/options');

const TYPE = 'ERR_INVALID_ARG_TYPE';
const VALUE = 'ERR_INVALID_ARG_VALUE';

test('every option of the constructor refuses a wrong type and a wrong value', () => {
  const wrong = [
    [{ model: 3 }, TYPE],
    [{ model: [] }, TYPE],
    [{ model: { path: 3 } }, TYPE],
    [{ model: { _internals: { name: '@upscalerjs/default-model' } } }, TYPE],
    [{ model: { path: 'a.json', modelType: 'tree' } }, VALUE],
    [{ model: { path: 'a.json', scale: 1.5 } }, VALUE],
    [{ model: { path: 'a.json', inputRange: [1, 0] } }, VALUE],
    [{ model: { path: 'a.json', inputRange: [0] } }, TYPE],
    [{ model: { path: 'a.json', preprocess: true } }, TYPE],
    [{ scale: '2' }, TYPE],
    [{ scale: 0 }, VALUE],
    [{ precision: 'fp16' }, VALUE],
    [{ precision: 16 }, TYPE],
    [{ warmupSizes: 'big' }, TYPE],
    [{ warmupSizes: [-1] }, VALUE],
    [{ warmupSizes: {} }, TYPE],
    [{ executionProviders: 'cpu' }, TYPE],
    [{ executionProviders: [] }, VALUE],
    [{ threads: 0 }, VALUE],
    [{ limitInputPixels: -1 }, VALUE],
    [{ limitOutputPixels: '1' }, TYPE],
    [{ limitInputBytes: 1.5 }, VALUE],
    [{ failOn: 'never' }, VALUE],
    [{ maxPending: NaN }, VALUE],
    [{ allowPaths: 'no' }, TYPE],
    [{ fetch: 'yes' }, TYPE],
    [{ tf: {} }, TYPE],
    [{ signal: {} }, TYPE],
    [{ timeout: '1s' }, TYPE],
    [{ timeout: 0 }, VALUE],
    ['span-2x', TYPE],
    [null, TYPE],
  ];
  for (const [options, code] of wrong) {
    assert.throws(() => parseUpscalerOptions(options), { code }, JSON.stringify(options));
  }
});

test('every option of a call refuses a wrong type and a wrong value', () => {
  const wrong = [
    [{ output: 'png' }, VALUE],
    [{ output: 1 }, TYPE],
    [{ progress: true }, TYPE],
    [{ progressOutput: 'gif' }, VALUE],
    [{ signal: {} }, TYPE],
    [{ timeout: '1s' }, TYPE],
    [{ timeout: -1 }, VALUE],
    [{ timeout: Infinity }, VALUE],
    [{ resolveWithObject: 1 }, TYPE],
    [{ format: 'heic' }, VALUE],
    [{ quality: 0 }, VALUE],
    [{ quality: 101 }, VALUE],
    [{ lossless: 'yes' }, TYPE],
    [{ compressionLevel: 10 }, VALUE],
    [{ depth: 12 }, VALUE],
    [{ scale: 0 }, VALUE],
    [{ width: 1.5 }, VALUE],
    [{ scale: 2, width: 100 }, VALUE],
    [{ fit: 'squeeze' }, VALUE],
    [{ patchSize: 0 }, VALUE],
    [{ patchSize: 8, padding: 4 }, VALUE],
    [{ padding: -1 }, VALUE],
    [{ alpha: 'keep' }, VALUE],
    [{ background: 'red' }, VALUE],
    [{ background: 7 }, TYPE],
    [{ background: [0, 0, 256] }, VALUE],
    [{ background: { r: 0, g: 0 } }, VALUE],
    [{ autoOrient: 0 }, TYPE],
    [{ keepMetadata: true }, TYPE],
    [5, TYPE],
  ];
  for (const [options, code] of wrong) {
    assert.throws(() => parseUpscaleOptions(options), { code }, JSON.stringify(options));
  }
});

test('what is left out has the documented default', () => {
  const { input, native, warmupSizes } = parseUpscalerOptions(undefined);
  // The rest of the addon's defaults are its own.
  assert.deepEqual(
    Object.entries(native).filter(([, value]) => value !== undefined),
    [['limitInputBytes', 256 * 1024 * 1024]],
  );
  assert.deepEqual(input, { allowPaths: true, fetch: undefined, limitInputBytes: 256 * 1024 * 1024 });
  assert.deepEqual(warmupSizes, []);
  assert.deepEqual(parseUpscalerOptions({}).loading, { signal: undefined, timeout: 120_000 });

  const call = parseUpscaleOptions({});
  assert.equal(call.output, 'buffer');
  assert.equal(call.progressOutput, 'buffer');
  assert.equal(call.native.output, 'encoded');
});

test('false lifts a limit', () => {
  const { native } = parseUpscalerOptions({ limitInputPixels: false, limitOutputPixels: 1000 });
  assert.equal(native.limitInputPixels, 0);
  assert.equal(native.limitOutputPixels, 1000);
});

test('a colour may be written in any of three ways', () => {
  for (const background of ['#ff8000', [255, 128, 0], { r: 255, g: 128, b: 0 }]) {
    assert.deepEqual(parseUpscaleOptions({ background }).native.background, [255, 128, 0]);
  }
  assert.deepEqual(parseUpscaleOptions({ background: '#f80' }).native.background, [255, 136, 0]);
});

test('formats may be named by their file extension', () => {
  assert.equal(parseUpscaleOptions({ format: 'jpg' }).native.format, 'jpeg');
  assert.equal(parseUpscaleOptions({ format: 'tif' }).native.format, 'tiff');
});

test('padding without patchSize has no effect, as in UpscalerJS, and slices follow progressOutput', () => {
  assert.equal(parseUpscaleOptions({ padding: 4 }).native.padding, undefined);
  assert.equal(parseUpscaleOptions({ output: 'tensor', progressOutput: 'base64' }).progressOutput, 'base64');
  assert.equal(parseUpscaleOptions({ output: 'tensor' }).progressOutput, 'tensor');
});

test("UpscalerJS's warm-up sizes", () => {
  const sizes = [64, { patchSize: 32, padding: 2 }];
  assert.deepEqual(parseUpscalerOptions({ warmupSizes: sizes }).warmupSizes, [
    { patchSize: 64, padding: undefined },
    { patchSize: 32, padding: 2 },
  ]);
  assert.deepEqual(parseUpscalerOptions({ warmupSizes: 16 }).warmupSizes, [
    { patchSize: 16, padding: undefined },
  ]);
});

test('configure', () => {
  assert.deepEqual(parseConfiguration({ threads: 2 }), { threads: 2, maxMemory: undefined });
  assert.throws(() => parseConfiguration({ threads: '2' }), { code: TYPE });
  assert.throws(() => parseConfiguration({ maxMemory: -5 }), { code: VALUE });
});

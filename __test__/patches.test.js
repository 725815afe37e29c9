'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const { getPatchesFromImage } = require('../lib/patches');

/** UpscalerJS's own, from a file of its package that needs no TensorFlow.js. */
const upscalerjs = require(
  path.join(path.dirname(require.resolve('upscaler/node')), '..', '..', 'shared', 'image-utils.js'),
);

test('cuts every small picture as UpscalerJS does', () => {
  let compared = 0;
  for (let width = 1; width <= 24; width++) {
    for (const height of [1, 5, 16, 23]) {
      for (let patchSize = 1; patchSize <= 12; patchSize++) {
        for (let padding = 0; padding * 2 < patchSize; padding++) {
          const expected = upscalerjs.getPatchesFromImage([width, height], patchSize, padding);
          assert.deepEqual(getPatchesFromImage([width, height], patchSize, padding), expected);
          compared++;
        }
      }
    }
  }
  assert.ok(compared > 4000);
});

test('refuses what would cut for ever', () => {
  assert.throws(() => getPatchesFromImage([10, 10], 4, 2), {
    name: 'RangeError',
    code: 'ERR_INVALID_ARG_VALUE',
  });
  assert.throws(() => getPatchesFromImage([10, 10], 0, 0), {
    name: 'RangeError',
    code: 'ERR_INVALID_ARG_VALUE',
  });
});

test('refuses what is no size, and what no memory holds', () => {
  const TYPE = { code: 'ERR_INVALID_ARG_TYPE' };
  const VALUE = { code: 'ERR_INVALID_ARG_VALUE' };
  const LIMIT = { code: 'ERR_UPSCALER_LIMIT' };
  const revoked = Proxy.revocable([], {});
  revoked.revoke();
  for (const [size, patchSize, padding, expected] of [
    [undefined, 4, 1, TYPE],
    [256, 4, 1, TYPE],
    [[10], 4, 1, TYPE],
    [['10', 10], 4, 1, TYPE],
    [[10, 10], '4', 1, TYPE],
    [[10, 10], 4, undefined, TYPE],
    [[Infinity, 10], 4, 1, VALUE],
    [[NaN, 10], 4, 1, VALUE],
    [[10, 10], 0.5, 0, VALUE],
    [[10, 10], 4, -1, VALUE],
    [revoked.proxy, 4, 1, VALUE],
    [[2 ** 31 - 1, 2 ** 31 - 1], 1, 0, LIMIT],
    [[2100, 2100], 4, 1, LIMIT],
  ]) {
    assert.throws(() => getPatchesFromImage(size, patchSize, padding), expected);
  }
  assert.deepEqual(getPatchesFromImage([0, 0], 4, 1), []);
});

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { parseUpscalerOptions, parseUpscaleOptions } = require('../lib/options');

/** The warnings of `work`, which Node emits in the next tick. */
async function warnings(work) {
  const heard = [];
  const listen = (warning) => heard.push(warning);
  process.on('warning', listen);
  work();
  await new Promise(setImmediate);
  process.off('warning', listen);
  return heard;
}

test('a mistyped option is warned of with the nearest name', async () => {
  const [warning, ...more] = await warnings(() => parseUpscalerOptions({ modle: 'span-4x' }));
  assert.equal(warning.code, 'UPSCALER_OPTION');
  assert.equal(warning.message, 'There is no option "modle": did you mean "model"?');
  assert.deepEqual(more, []);
  const [other] = await warnings(() => parseUpscaleOptions({ fromat: 'webp' }));
  assert.equal(other.message, 'There is no option "fromat": did you mean "format"?');
});

test('it is warned of once', async () => {
  const options = { qualty: 3 };
  assert.equal((await warnings(() => parseUpscaleOptions(options))).length, 1);
  assert.deepEqual(await warnings(() => parseUpscaleOptions(options)), []);
});

test('options that are right, and those of others, are silent', async () => {
  const right = { output: 'buffer', patchSize: 64, padding: 2, width: 3, format: 'png', keepMetadata: 'all' };
  assert.deepEqual(await warnings(() => parseUpscaleOptions({ ...right, awaitNextFrame: true, id: 7 })), []);
  assert.deepEqual(await warnings(() => parseUpscalerOptions({ model: 'span-2x', threads: 1 })), []);
});

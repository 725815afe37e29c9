/** All MAXIM models as the packages hold them (`npm run models -- maxim-…`), against TensorFlow.js. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const require = createRequire(import.meta.url);
const { entries } = require('../../lib/catalogue');
const { PICTURE, differenceFromTensorFlow } = require('../support/maxim');
const { withUpscaler } = require('../support/with-upscaler');

/** Of 255, before rounding. */
const TOLERANCE = 0.05;

for (const { id, module, parameters } of entries.filter(({ architecture }) => architecture === 'maxim')) {
  test(`${id} gives what TensorFlow.js gives`, async (t) => {
    await withUpscaler({ model: id }, async (upscaler) => {
      const { data } = await upscaler.upscale(PICTURE, { output: 'tensor' });
      const difference = await differenceFromTensorFlow(id, data);
      t.diagnostic(`they differ by ${difference.toFixed(4)} of 255 at most`);
      assert.ok(difference <= TOLERANCE);
      const info = await upscaler.getModel();
      assert.equal(info.name, id);
      assert.equal(info.parameters, parameters);
      const definition = require(module);
      assert.deepEqual(
        [info.scale, info.halo, info.format, definition.modelType],
        [1, null, 'tfjs', 'graph'],
      );
    });
  });
}

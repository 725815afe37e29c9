'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { PICTURE, differenceFromTensorFlow } = require('./support/maxim');
const { entries } = require('../lib/catalogue');
const { pattern, toTensor } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

/**
 * The smallest of UpscalerJS's MAXIM packages; `npm run check:slow` has all five. Of 255, before rounding, against
 * TensorFlow.js, whose results are rounded to 16 bits; they differ by 0.003.
 */
const TOLERANCE = 0.05;
const MODEL = '@upscalerjs/maxim-deraining';

const CACHE = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-cache-'));
process.env.UPSCALER_NODE_CACHE = CACHE;
after(() => fs.rmSync(CACHE, { recursive: true, force: true }));

/** @param {object} options */
const derain = (options) =>
  withUpscaler(options, async (upscaler) => ({
    info: await upscaler.getModel(),
    ...(await upscaler.upscale(PICTURE, { output: 'tensor' })),
  }));

const kept = () => fs.readdirSync(CACHE).map((file) => path.join(CACHE, file));

test('UpscalerJS’s package gives what TensorFlow.js gives', async () => {
  const { data, shape, info } = await derain({ model: require(MODEL) });
  assert.deepEqual(shape, [64, 64, 3]);
  assert.ok((await differenceFromTensorFlow('maxim-deraining', data)) <= TOLERANCE);
  const { name, scale, halo, format, channels, parameters } = info;
  assert.deepEqual(
    { name, scale, halo, format, channels, parameters },
    { name: 'maxim-deraining', scale: 1, halo: null, format: 'tfjs', channels: 3, parameters: 14171132 },
  );
});

test('a file that is not in the catalogue is counted as the catalogue counts', async () => {
  const file = path.join(__dirname, '..', 'node_modules', MODEL, 'models', 'model.json');
  const model = { path: file, modelType: 'graph', scale: 1, divisibilityFactor: 64 };
  const { macsPerPixel, receptiveField } = await withUpscaler({ model }, (upscaler) => upscaler.getModel());
  const entry = entries.find(({ id }) => id === 'maxim-deraining');
  assert.deepEqual(
    { macsPerPixel, receptiveField },
    { macsPerPixel: entry.macsPerPixel, receptiveField: null },
  );
});

test('the network for a size is kept on disk, and made again if it is damaged', async () => {
  const [file, ...others] = kept();
  assert.deepEqual(others, []);
  const whole = fs.readFileSync(file);
  const first = await derain({ model: 'maxim-deraining' });
  const damaged = Buffer.from(whole);
  damaged[damaged.length >> 1] ^= 1;
  fs.writeFileSync(file, damaged);
  const again = await derain({ model: 'maxim-deraining' });
  assert.deepEqual(again.data, first.data);
  assert.ok(fs.readFileSync(file).equals(whole));
});

test('where nothing can be kept it works all the same', async () => {
  process.env.UPSCALER_NODE_CACHE = path.join(__filename, 'no-folder');
  try {
    const { data } = await derain({ model: MODEL });
    assert.ok((await differenceFromTensorFlow('maxim-deraining', data)) <= TOLERANCE);
  } finally {
    process.env.UPSCALER_NODE_CACHE = CACHE;
  }
});

test('any size is padded to multiples of 64 and trimmed', async () => {
  await withUpscaler({ model: MODEL }, async (upscaler) => {
    const { shape } = await upscaler.upscale(toTensor(pattern(70, 50, 3)), { output: 'tensor' });
    assert.deepEqual(shape, [50, 70, 3]);
  });
  assert.equal(kept().length, 2);
});

test('a picture that takes more than maxMemory at once is refused, but not in patches', () => {
  const script = `
    const Upscaler = require(${JSON.stringify(path.join(__dirname, '..'))});
    Upscaler.configure({ maxMemory: 2 ** 28 });
    const upscaler = new Upscaler({ model: '${MODEL}' });
    const image = { data: new Uint8Array(130 * 130 * 3).fill(90), width: 130, height: 130, channels: 3 };
    const code = (promise) => promise.then(({ shape }) => shape, ({ code, message }) => [code, message]);
    (async () => {
      const whole = await code(upscaler.upscale(image, { output: 'tensor' }));
      const patches = await code(upscaler.upscale(image, { output: 'tensor', patchSize: 64, padding: 4 }));
      await upscaler.dispose();
      console.log(JSON.stringify({ whole, patches }));
    })();`;
  const { whole, patches } = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
  assert.equal(whole[0], 'ERR_UPSCALER_LIMIT');
  assert.match(whole[1], /256 MiB \(maxMemory\).*192x192.*patchSize/);
  assert.deepEqual(patches, [130, 130, 3]);
});

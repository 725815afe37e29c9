'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const ort = require('onnxruntime-node');
const sharp = require('sharp');
const { quantizeModel } = require('../lib/quantize');
const { largestDifference, toTensor } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

const MODEL = '@upscalerjs/esrgan-slim/2x';
const PICTURES = path.join(__dirname, '..', 'examples', 'images');
const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-quantize-'));
after(() => fs.rmSync(tmp, { recursive: true }));

let made;
let picture;
before(async () => {
  made = await quantizeModel(MODEL, PICTURES);
  // A part of a picture of another kind than those that it was calibrated on.
  const file = path.join(__dirname, '..', 'tests', 'fixtures', 'raster', 'photo.png');
  const { data, info } = await sharp(file).removeAlpha().toColourspace('srgb').raw().toBuffer({
    resolveWithObject: true,
  });
  picture = toTensor({ data, width: info.width, height: info.height, channels: 3 });
});

/** What a model makes of the picture. */
function run(model, options) {
  return withUpscaler({ model, ...options }, (upscaler) => upscaler.upscale(picture, { output: 'tensor' }));
}

/** @returns {number} dB, of values 0..255 */
function psnr(a, b) {
  const squares = a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
  return 10 * Math.log10((255 ** 2 * a.length) / squares);
}

test('an int8 model is a third of the size and more than 40 dB from its original', async () => {
  assert.ok(made.onnx.length < made.floatBytes / 2.5, `${made.onnx.length} of ${made.floatBytes} bytes`);
  assert.ok(made.psnr > 45 && made.psnr < 60, `${made.psnr} dB`);
  const [int8, fp32] = [await run(made.onnx), await run(MODEL)];
  assert.deepEqual(int8.shape, fp32.shape);
  const found = psnr(int8.data, fp32.data);
  assert.ok(found > 40 && found < 60, `${found} dB`);
});

test('it runs in onnxruntime-node with the same result', async () => {
  const {
    data,
    shape: [height, width],
  } = picture;
  // Its default saturates sums of products of bytes on processors without VNNI.
  const extra = { session: { x64quantprecision: '1' } };
  const session = await ort.InferenceSession.create(made.onnx, { logSeverityLevel: 4, extra });
  const planes = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) planes[(i % 3) * height * width + Math.floor(i / 3)] = data[i];
  const { output } = await session.run({ input: new ort.Tensor('float32', planes, [1, 3, height, width]) });
  const plane = output.dims[2] * output.dims[3];
  const theirs = Float32Array.from(output.data, (_, i) =>
    Math.min(255, Math.max(0, output.data[(i % 3) * plane + Math.floor(i / 3)])),
  );
  const difference = largestDifference((await run(made.onnx)).data, theirs);
  assert.ok(difference < 0.01, `${difference} of 255 from onnxruntime-node without saturation`);
});

test('tiles of an int8 model fit together', async () => {
  await withUpscaler({ model: made.onnx }, async (upscaler) => {
    const whole = await upscaler.upscale(picture, { output: 'tensor' });
    const tiled = await upscaler.upscale(picture, { output: 'tensor', patchSize: 48, padding: 16 });
    // Not by a bit: the least difference could tip a value over to the next level.
    assert.deepEqual(tiled.data, whole.data);
  });
});

test('getModel says int8, and a precision that is asked for is checked', async () => {
  await withUpscaler({ model: made.onnx, precision: 'int8' }, async (upscaler) => {
    const { precision, kernels, scale, halo, inputRange } = await upscaler.getModel();
    assert.deepEqual(
      { precision, kernels, scale, halo, inputRange },
      { precision: 'int8', kernels: 'onnxruntime', scale: 2, halo: 10, inputRange: [0, 255] },
    );
  });
  await assert.rejects(run(made.onnx, { precision: 'fp32' }), { code: 'ERR_INVALID_ARG_VALUE' });
  const own = path.join(__dirname, 'fixtures', 'ncnn', 'dense.param');
  await assert.rejects(run(own, { precision: 'int8' }), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /quantize/,
  });
});

test('what cannot be calibrated is refused', async () => {
  const refused = (folder, code, model = MODEL) => assert.rejects(quantizeModel(model, folder), { code });
  await refused(path.join(tmp, 'missing'), 'ERR_UPSCALER_READ');
  await refused(tmp, 'ERR_INVALID_ARG_VALUE');
  await refused(PICTURES, 'ERR_INVALID_ARG_VALUE', made.onnx);
  const broken = fs.mkdtempSync(path.join(tmp, 'broken-'));
  fs.writeFileSync(path.join(broken, 'a.png'), 'no picture');
  await refused(broken, 'ERR_UPSCALER_UNSUPPORTED_FORMAT');
});

test('a model of the catalogue without an int8 form says which have one', async () => {
  await assert.rejects(run('span-2x', { precision: 'int8' }), {
    code: 'ERR_UPSCALER_MODEL_NOT_FOUND',
    message: /esrgan-medium-4x/,
  });
});

test('the command line quantises and says what it did', () => {
  const cli = path.join(__dirname, '..', 'bin', 'upscaler-node.js');
  const quantize = (...args) =>
    spawnSync(process.execPath, [cli, 'quantize', MODEL, ...args], { encoding: 'utf8' });
  const file = path.join(tmp, 'slim.int8.onnx');
  const { stderr } = quantize('--calibrate', PICTURES, '-o', file);
  assert.match(stderr, /slim\.int8\.onnx: \d+ bytes \(\d+ in float32\).* dB against float32/);
  assert.deepEqual(fs.readFileSync(file), made.onnx);
  const { status, stderr: complaint } = quantize();
  assert.ok(status === 2 && complaint.includes('--calibrate'), complaint);
});

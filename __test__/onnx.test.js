'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { after, test } = require('node:test');
const ort = require('onnxruntime-node');
const { convertModel } = require('../lib/convert');
const { nearest, onnx } = require('./support/onnx');
const { largestDifference, pattern, pixel, toTensor } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

const picture = pattern(19, 13, 3);
const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-onnx-'));
after(() => fs.rmSync(tmp, { recursive: true }));

/** What a model makes of the picture. */
function run(model, options) {
  return withUpscaler({ model, ...options }, (upscaler) => upscaler.upscale(picture, { output: 'tensor' }));
}

/** The picture with doubled pixels. */
function doubled({ data, width, height, channels }) {
  const out = new Float32Array(data.length * 4);
  for (let y = 0; y < 2 * height; y++) {
    for (let x = 0; x < 2 * width; x++) {
      out.set(pixel({ data, width, channels }, x >> 1, y >> 1), (y * 2 * width + x) * channels);
    }
  }
  return out;
}

test('an .onnx from a path, a folder and its bytes', async () => {
  const file = path.join(tmp, 'nearest.onnx');
  fs.writeFileSync(file, nearest());
  for (const model of [file, `file://${file}`, tmp, nearest(), new Uint8Array(nearest())]) {
    const { data, shape } = await run(model);
    assert.deepEqual(shape, [26, 38, 3]);
    assert.ok(largestDifference(data, doubled(picture)) < 1e-3);
  }
});

/** y = x * factor + term, after doubling: what it does with its numbers shows the range that it was given. */
function affine(factor, term, changes) {
  return onnx({
    nodes: [
      { op: 'Resize', inputs: ['x', '', 'scales'], output: 'u', attributes: { mode: 'nearest' } },
      { op: 'Mul', inputs: ['u', 'factor'], output: 'v' },
      { op: 'Add', inputs: ['v', 'term'], output: 'y' },
    ],
    constants: [
      { name: 'scales', dims: [4], floats: [1, 1, 2, 2] },
      { name: 'factor', dims: [], floats: [factor] },
      { name: 'term', dims: [], floats: [term] },
    ],
    ...changes,
  });
}

test('value ranges: 0..1 unless the file or the definition says otherwise', async () => {
  const brightened =
    (amount) =>
    ({ data }) =>
      data[0] - picture.data[0] - amount;
  const file = path.join(tmp, 'affine.onnx');
  const near = (value) => assert.ok(Math.abs(value) < 1e-3, `${value}`);

  near(brightened(0.04 * 255)(await run(affine(1, 0.04))));
  near(brightened(10)(await run(affine(1, 10, { metadata: { 'upscaler.input_range': '0,255' } }))));
  fs.writeFileSync(file, affine(1, 10));
  near(brightened(10)(await run({ path: file, inputRange: [0, 255], outputRange: [0, 255] })));
  fs.writeFileSync(file, affine(255, 0));
  near(brightened(0)(await run({ path: file, outputRange: [0, 255] })));
  fs.writeFileSync(file, affine(1, 0));
  near(brightened(0)(await run({ path: file, inputRange: [-1, 1], outputRange: [-1, 1] })));
});

test('channels last', async () => {
  const model = nearest({
    constants: [{ name: 'scales', dims: [4], floats: [1, 2, 2, 1] }],
    input: [1, 'h', 'w', 3],
    output: [1, 'H', 'W', 3],
  });
  const { data } = await run(model);
  assert.ok(largestDifference(data, doubled(picture)) < 1e-3);
});

test('opsets whose operators had other forms', async () => {
  const attributes = { mode: 'nearest' };
  const upsample = { op: 'Upsample', output: 'y' };
  const models = {
    7: onnx({
      opset: 7,
      nodes: [
        { ...upsample, inputs: ['x'], attributes: { ...attributes, scales: Float32Array.of(1, 1, 2, 2) } },
      ],
    }),
    9: nearest({ opset: 9, nodes: [{ ...upsample, inputs: ['x', 'scales'], attributes }] }),
    10: nearest({ opset: 10, nodes: [{ op: 'Resize', inputs: ['x', 'scales'], output: 'y', attributes }] }),
    13: nearest({ opset: 13 }),
    21: nearest({ opset: 21 }),
  };
  for (const [opset, model] of Object.entries(models)) {
    const { data } = await run(model);
    assert.ok(largestDifference(data, doubled(picture)) < 1e-3, `opset ${opset}`);
  }
});

test('networks of one and of four channels', async () => {
  for (const channels of [1, 3, 4]) {
    const source = pattern(12, 9, channels);
    for (const planes of [1, 3, 4]) {
      const model = nearest({}, { channels: planes });
      await withUpscaler({ model }, async (upscaler) => {
        const { data, shape } = await upscaler.upscale(source, { output: 'tensor' });
        assert.deepEqual(shape, [18, 24, channels]);
        const expected = doubled(source);
        assert.ok(largestDifference(data, expected) < 0.01, `${channels} through ${planes}`);
      });
    }
  }
});

test('a network of one size takes pictures of any', async () => {
  const model = nearest({ input: [1, 3, 16, 16], output: [1, 3, 32, 32] });
  await withUpscaler({ model }, async (upscaler) => {
    assert.deepEqual((await upscaler.getModel()).fixedSize, [16, 16]);
    for (const [width, height] of [
      [16, 16],
      [5, 7],
      [40, 33],
    ]) {
      const source = pattern(width, height, 3);
      const { data } = await upscaler.upscale(source, { output: 'tensor' });
      assert.ok(largestDifference(data, doubled(source)) < 1e-3, `${width}x${height}`);
    }
  });
});

test('sizes that must be divisible', async () => {
  const file = path.join(tmp, 'divisible.onnx');
  fs.writeFileSync(file, nearest());
  await withUpscaler({ model: { path: file, divisibilityFactor: 8 } }, async (upscaler) => {
    const { data } = await upscaler.upscale(picture, { output: 'tensor' });
    assert.ok(largestDifference(data, doubled(picture)) < 1e-3);
  });
});

/** A converted model, run by onnxruntime-node on the same picture: of 255, clamped. */
async function runConverted(bytes, { data, shape: [height, width] }) {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const [name] = session.inputNames;
  const planes = new Float32Array(3 * height * width);
  for (let i = 0; i < data.length; i++) planes[(i % 3) * height * width + Math.floor(i / 3)] = data[i] / 255;
  const results = await session.run({ [name]: new ort.Tensor('float32', planes, [1, 3, height, width]) });
  const result = results[session.outputNames[0]];
  const [, , outHeight, outWidth] = result.dims;
  return Float32Array.from(result.data, (_, i) => {
    const value = result.data[(i % 3) * outHeight * outWidth + Math.floor(i / 3)] * 255;
    return Math.min(255, Math.max(0, value));
  });
}

for (const model of ['span-2x', 'span-4x', path.join(__dirname, 'fixtures', 'ncnn', 'dense.param')]) {
  test(`${path.basename(model)}, converted, gives onnxruntime-node the same result`, async () => {
    const bytes = await convertModel(model);
    const tensor = toTensor(picture);
    const ours = await withUpscaler({ model }, (upscaler) => upscaler.upscale(tensor, { output: 'tensor' }));
    assert.ok(largestDifference(ours.data, await runConverted(bytes, tensor)) < 0.01);
    const again = await withUpscaler({ model: bytes }, (upscaler) =>
      upscaler.upscale(tensor, { output: 'tensor' }),
    );
    assert.deepEqual(again.data, ours.data);
  });
}

test('a converted TensorFlow.js model carries its ranges with it', async () => {
  for (const name of ['@upscalerjs/esrgan-slim/4x', '@upscalerjs/esrgan-legacy/psnr-small']) {
    const bytes = await convertModel(name);
    const ours = await run(name);
    const again = await run(bytes);
    assert.deepEqual(again.data, ours.data);
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
    assert.equal(session.inputNames.length, 1);
  }
});

test('the command line converts and upscales', async () => {
  const cli = path.join(__dirname, '..', 'bin', 'upscaler-node.js');
  const file = path.join(tmp, 'slim.onnx');
  execFileSync(process.execPath, [cli, 'convert', '@upscalerjs/esrgan-slim/2x', '-o', file], {
    stdio: 'pipe',
  });
  const [converted, original] = [await run(file), await run('@upscalerjs/esrgan-slim/2x')];
  assert.deepEqual(converted.data, original.data);

  const source = path.join(tmp, 'in.png');
  const sharp = require('sharp');
  await sharp(picture.data, { raw: picture }).png().toFile(source);
  const target = path.join(tmp, 'out.webp');
  execFileSync(process.execPath, [cli, 'upscale', source, '-o', target, '-m', file, '--lossless'], {
    stdio: 'pipe',
  });
  const { format, width, height } = await sharp(target).metadata();
  assert.deepEqual({ format, width, height }, { format: 'webp', width: 38, height: 26 });
  const piped = execFileSync(process.execPath, [cli, 'upscale', '-', '-o', '-', '-m', file, '--quiet'], {
    input: fs.readFileSync(source),
  });
  assert.equal((await sharp(piped).metadata()).format, 'png');

  assert.match(execFileSync(process.execPath, [cli, 'models'], { encoding: 'utf8' }), /span-2x/);
  assert.throws(
    () => execFileSync(process.execPath, [cli, 'upscale', 'missing.png', '-o', target], { stdio: 'pipe' }),
    ({ status, stderr }) => status === 1 && /missing\.png/.test(stderr) && !/    at /.test(stderr),
  );
});

'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { test } = require('node:test');
const sharp = require('sharp');
const Upscaler = require('..');
const { NEAREST, largestDifference, pattern, pixel } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

/** Functions of a hand-written model definition, around a network that doubles pixels. */

const picture = pattern(48, 40, 3);
const ICC = path.join(__dirname, '..', 'tests', 'fixtures', 'raster', 'icc-p3.jpg');

const define = (hooks) => ({ path: NEAREST, scale: 2, inputRange: [0, 1], outputRange: [0, 1], ...hooks });
const invert = ({ data, shape }) => ({ data: data.map((value) => 255 - value), shape });

/** A stand-in for TensorFlow.js that counts the tensors that are alive. */
function countingTf() {
  const counts = { alive: 0 };
  const tensor = (values, shape) => {
    counts.alive++;
    return { shape, data: async () => values, dispose: () => void counts.alive-- };
  };
  return { counts, tensor };
}

test('setup, preprocess, postprocess and teardown are called in their order', async () => {
  const calls = [];
  const note = (name) => (value) => (calls.push(name), value);
  const hooks = Object.fromEntries(
    ['setup', 'preprocess', 'postprocess', 'teardown'].map((name) => [name, note(name)]),
  );
  await withUpscaler({ model: define(hooks) }, (own) => own.upscale(picture, { output: 'raw' }));
  assert.deepEqual(calls, ['setup', 'preprocess', 'postprocess', 'teardown']);
});

test('preprocess sees the whole picture in 0..255, and may change its size', async () => {
  const half = ({ data, shape: [, height, width, channels] }) => {
    const shape = [1, height / 2, width / 2, channels];
    const values = new Float32Array(data.length / 4);
    for (let i = 0; i < values.length; i++) {
      const [c, x, y] = [
        i % channels,
        Math.floor(i / channels) % (width / 2),
        Math.floor(i / channels / (width / 2)),
      ];
      values[i] = data[(2 * y * width + 2 * x) * channels + c];
    }
    return { data: values, shape };
  };
  const shapes = [];
  const preprocess = async (tensor) => {
    shapes.push(tensor.shape);
    assert.equal(largestDifference(tensor.data, picture.data), 0);
    await delay(5);
    return half(tensor);
  };
  await withUpscaler({ model: define({ preprocess }) }, async (own) => {
    const result = await own.upscale(picture, { output: 'raw', patchSize: 10, padding: 0 });
    assert.deepEqual(shapes, [[1, 40, 48, 3]]);
    assert.deepEqual([result.width, result.height], [48, 40]);
    assert.deepEqual(pixel(result, 11, 7), pixel(picture, 10, 6));
  });
});

test('an encoded picture is decoded for preprocess, and keeps what its file says', async () => {
  await withUpscaler({ model: define({ preprocess: invert }) }, async (own) => {
    const file = await sharp(picture.data, { raw: picture }).png().toBuffer();
    const result = await own.upscale(file, { output: 'raw' });
    assert.deepEqual(
      pixel(result, 30, 20),
      pixel(picture, 15, 10).map((value) => 255 - value),
    );
    const { data, info } = await own.upscale(ICC, { keepMetadata: 'icc', resolveWithObject: true });
    assert.equal(info.format, 'jpeg');
    assert.ok((await sharp(data).metadata()).icc.length > 100);
  });
});

test('postprocess sees what is kept of each patch, in the range of the network, before it is clamped', async () => {
  const shapes = [];
  const postprocess = ({ data, shape }) => {
    shapes.push(shape);
    assert.ok(data.every((value) => value >= 0 && value <= 1.001));
    return { data: data.map((value) => value * 2 - 0.25), shape };
  };
  await withUpscaler({ model: define({ postprocess }) }, async (own) => {
    const slices = [];
    const progress = (_fraction, slice) => void slices.push(slice.shape);
    const options = { output: 'tensor', patchSize: 24, padding: 4, progress };
    const { data, shape } = await own.upscale(picture, options);
    assert.deepEqual(shape, [80, 96, 3]);
    assert.ok(shapes.length > 4);
    const pixels = shapes.reduce((sum, [, height, width]) => sum + height * width, 0);
    assert.equal(pixels, 80 * 96);
    assert.deepEqual(
      slices,
      shapes.map(([, ...rest]) => rest),
    );
    const expected = Float32Array.from(data, (_, i) => {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % 96, Math.floor(i / 3 / 96)];
      const value = pixel(picture, x >> 1, y >> 1)[c] * 2 - 0.25 * 255;
      return Math.min(255, Math.max(0, value));
    });
    assert.ok(largestDifference(data, expected) < 1e-3);
  });
});

test('transparency is not shown to postprocess', async () => {
  const rgba = pattern(20, 12, 4);
  const postprocess = ({ data, shape }) => ({ data: data.map((value) => 1 - value), shape });
  await withUpscaler({ model: define({ postprocess }) }, async (own) => {
    const result = await own.upscale(rgba, { output: 'raw' });
    const [r, g, b, a] = pixel(rgba, 7, 5);
    assert.ok(largestDifference(pixel(result, 14, 10), [255 - r, 255 - g, 255 - b, a]) <= 1);
  });
});

test('tensors of options.tf, disposed of afterwards', async () => {
  const tf = countingTf();
  const twice = async (tensor) => tf.tensor(invert({ data: await tensor.data() }).data, tensor.shape);
  const same = (tensor) => tensor;
  await withUpscaler({ model: define({ preprocess: twice, postprocess: same }), tf }, async (own) => {
    const result = await own.upscale(picture, { output: 'raw' });
    assert.equal(result.data[0], 255 - picture.data[0]);
    assert.equal(tf.counts.alive, 0);
  });
});

test('what teardown throws ends dispose, as the cause', async () => {
  const cause = new Error('no');
  const upscaler = new Upscaler({ model: define({ teardown: async () => Promise.reject(cause) }) });
  await upscaler.upscale(picture);
  await assert.rejects(upscaler.dispose(), { code: 'ERR_UPSCALER_INFERENCE', cause });
});

test('what a function throws ends the call, as the cause', async () => {
  const cause = new Error('no such day');
  const fail = () => {
    throw cause;
  };
  for (const name of ['preprocess', 'postprocess']) {
    for (const hook of [fail, async () => fail()]) {
      await withUpscaler({ model: define({ [name]: hook }) }, (own) =>
        assert.rejects(own.upscale(picture), {
          code: 'ERR_UPSCALER_INFERENCE',
          cause,
          message: new RegExp(name),
        }),
      );
    }
  }
  await withUpscaler({ model: define({ setup: fail }) }, (own) =>
    assert.rejects(own.ready, { code: 'ERR_UPSCALER_MODEL_LOAD', cause }),
  );
});

test('what a function returns has to be a tensor, and of the same size after the network', async () => {
  const rejects = (hooks, expected) =>
    withUpscaler({ model: define(hooks) }, (own) => assert.rejects(own.upscale(picture), expected));
  await rejects({ preprocess: () => undefined }, { code: 'ERR_INVALID_ARG_TYPE', message: /preprocess/ });
  const wrong = () => ({ data: new Float32Array(5), shape: [1, 1, 1, 3] });
  await rejects({ postprocess: wrong }, { code: 'ERR_INVALID_ARG_VALUE', message: /postprocess/ });
  const small = () => ({ data: new Float32Array(3), shape: [1, 1, 1, 3] });
  await rejects({ postprocess: small }, { code: 'ERR_UPSCALER_MODEL_SHAPE', message: /postprocess/ });
});

test('a call can be stopped while a function is pending', async () => {
  for (const name of ['preprocess', 'postprocess']) {
    let began;
    const started = new Promise((resolve) => (began = resolve));
    const never = () => new Promise(() => began());
    await withUpscaler({ model: define({ [name]: never }) }, async (own) => {
      const stopped = assert.rejects(own.upscale(picture), { name: 'AbortError' });
      await started;
      own.abort();
      await stopped;
      await assert.rejects(own.upscale(picture, { timeout: 50 }), { code: 'ERR_UPSCALER_TIMEOUT' });
    });
  }
});

test('while a function is pending, others are served', async () => {
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  const postprocess = async (tensor) => (await gate, tensor);
  await withUpscaler({ model: define({ postprocess }) }, async (own) => {
    const waiting = Array.from({ length: 8 }, () => own.upscale(picture, { output: 'raw' }));
    await withUpscaler({ model: NEAREST }, (other) => other.upscale(picture, { output: 'raw' }));
    release();
    const [first, ...rest] = await Promise.all(waiting);
    for (const result of rest) assert.deepEqual(result, first);
    assert.equal(Upscaler.counters().running, 0);
  });
});

test('memory does not grow from call to call', async () => {
  const same = (tensor) => tensor;
  await withUpscaler({ model: define({ preprocess: same, postprocess: same }) }, async (own) => {
    const large = pattern(300, 300, 3);
    const once = () => own.upscale(large, { output: 'raw' });
    for (let i = 0; i < 15; i++) await once();
    global.gc?.();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 40; i++) await once();
    global.gc?.();
    // 40 leaked results would be 173 MB of floats.
    assert.ok(process.memoryUsage().rss - before < 60e6);
  });
});

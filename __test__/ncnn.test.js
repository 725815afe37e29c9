'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const Upscaler = require('..');
const { largestDifference } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

/**
 * ncnn itself is the judge: __test__/fixtures/make_ncnn.py made the networks and ran them there.
 */
const FIXTURES = path.join(__dirname, 'fixtures', 'ncnn');
const [WIDTH, HEIGHT] = [13, 10];

/** Far beyond what the networks give, so that nothing is clamped. */
const OUTPUT_RANGE = [-16, 16];

/** The two differ in the order of their sums alone. */
const TOLERANCE = 2e-5;

/** The formula of make_ncnn.py. */
function picture() {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let i = 0; i < data.length; i++) {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)];
    data[i] = x * 8 + y * 6 + c * 40 + ((x * y) % 5) * 4;
  }
  return { data, width: WIDTH, height: HEIGHT, channels: 3 };
}

/** What ncnn gave, in the network's own values. */
function expected(name) {
  const bytes = fs.readFileSync(path.join(FIXTURES, `${name}.expected.f32`));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** What we give, in the network's own values. */
async function run(file) {
  const model = { path: file, inputRange: [0, 1], outputRange: OUTPUT_RANGE };
  const { data, shape } = await withUpscaler({ model }, (upscaler) =>
    upscaler.upscale(picture(), { output: 'tensor' }),
  );
  const [low, high] = OUTPUT_RANGE;
  return { values: data.map((value) => low + (value / 255) * (high - low)), shape };
}

for (const name of ['compact', 'compact-half', 'dense', 'attention']) {
  test(`${name}: as ncnn computes it`, async () => {
    const { values } = await run(path.join(FIXTURES, `${name}.param`));
    assert.ok(largestDifference(values, expected(name)) < TOLERANCE);
  });
}

test('a network of valid convolutions loses its rim in ncnn, and is given one here', async () => {
  const whole = expected('upconv');
  const { values, shape } = await run(path.join(FIXTURES, 'upconv.param'));
  assert.deepEqual(shape, [2 * HEIGHT, 2 * WIDTH, 3]);
  // ncnn gave the picture without 4 pixels at each side: those that no repeated edge can have touched.
  const [width, height] = [2 * WIDTH - 16, 2 * HEIGHT - 16];
  assert.equal(whole.length, width * height * 3);
  const inner = Float32Array.from(whole, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return values[((y + 8) * 2 * WIDTH + x + 8) * 3 + c];
  });
  assert.ok(largestDifference(inner, whole) < TOLERANCE);
});

for (const scale of [2, 4]) {
  test(`span-${scale}x is the network that it was converted from`, async () => {
    const file = path.join(__dirname, '..', 'models', 'span', `${scale}x.onnx`);
    const { values } = await run(file);
    assert.ok(largestDifference(values, expected(`span-${scale}x`)) < TOLERANCE);
  });
}

test('a layer, or a parameter of one, that is not understood is named and never guessed', async () => {
  const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-ncnn-'));
  const param = fs.readFileSync(path.join(FIXTURES, 'compact.param'), 'utf8');
  const bin = fs.readFileSync(path.join(FIXTURES, 'compact.bin'));
  const load = async (text, weights = bin) => {
    fs.writeFileSync(path.join(tmp, 'net.param'), text);
    fs.writeFileSync(path.join(tmp, 'net.bin'), weights);
    await new Upscaler({ model: path.join(tmp, 'net.param') }).ready;
  };
  const code = 'ERR_UPSCALER_MODEL_LOAD';
  try {
    await load(param);
    await assert.rejects(load(param.replace('PixelShuffle', 'Softmax')), { code, message: /Softmax/ });
    await assert.rejects(load(param.replace('0=1 1=2.0 2=2.0', '0=7 1=2.0 2=2.0')), {
      code,
      message: /up_layer/,
    });
    await assert.rejects(load(param, bin.subarray(0, -1)), { code, message: /bytes/ });
    await assert.rejects(load(param, Buffer.concat([bin, bin])), { code, message: /another \.param/ });
    await assert.rejects(load(param.replace('7767517', '7767518')), { code });
    await assert.rejects(load(''), { code });
  } finally {
    fs.rmSync(tmp, { recursive: true });
  }
});

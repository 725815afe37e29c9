'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const Upscaler = require('..');
const { onnx } = require('./support/onnx');

/**
 * A convolution of bytes whose sums of neighbouring products leave 16 bits, computed here in integers: processors
 * without VNNI (Zen 3 and older, Skylake and older) would saturate them.
 */

const ROOT = path.join(__dirname, '..');
const [WIDTH, HEIGHT, CHANNELS, KERNEL] = [29, 23, 3, 3];
/** Powers of two, so that the scales change no digit. */
const [WEIGHT_STEP, OUTPUT_STEP, ZERO] = [2 ** -10, 1, 128];
const INT16 = [-(2 ** 15), 2 ** 15 - 1];

const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-bytes-'));
after(() => fs.rmSync(tmp, { recursive: true }));

/** @param {number} seed @returns {() => number} 0..1, the same for the same seed */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const next = generator(13);
/** `[out][in][y][x]`, most of them as large as weights get. */
const weights = Array.from({ length: CHANNELS * CHANNELS * KERNEL ** 2 }, () => {
  const extreme = next() < 0.7;
  const sign = next() < 0.5 ? -1 : 1;
  return sign * (extreme ? 127 : Math.floor(next() * 127));
});
/** `[y][x][channel]`, with large areas of white. */
const picture = Uint8Array.from({ length: WIDTH * HEIGHT * CHANNELS }, () =>
  next() < 0.6 ? 255 : Math.floor(next() * 256),
);

/**
 * The convolution as ONNX defines it, zero outside the picture.
 *
 * @param {(products: number[]) => number} sum of the products of one output, in the order of the weights
 * @returns {number[]} 0..255 less the zero point, `[y][x][channel]`
 */
function convolve(sum) {
  const result = [];
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      for (let out = 0; out < CHANNELS; out++) {
        const level = roundHalfEven((sum(products(out, y, x)) * WEIGHT_STEP) / OUTPUT_STEP) + ZERO;
        result.push((Math.min(255, Math.max(0, level)) - ZERO) * OUTPUT_STEP);
      }
    }
  }
  return result;
}

/** @param {number} out @param {number} y @param {number} x */
function products(out, y, x) {
  return weights.slice(out * CHANNELS * KERNEL ** 2, (out + 1) * CHANNELS * KERNEL ** 2).map((weight, i) => {
    const row = y + (Math.floor(i / KERNEL) % KERNEL) - 1;
    const column = x + (i % KERNEL) - 1;
    const inside = row >= 0 && row < HEIGHT && column >= 0 && column < WIDTH;
    const channel = Math.floor(i / KERNEL ** 2);
    return inside ? weight * picture[(row * WIDTH + column) * CHANNELS + channel] : 0;
  });
}

/** @param {number} value */
function roundHalfEven(value) {
  const floor = Math.floor(value);
  const up = value - floor > 0.5 || (value - floor === 0.5 && floor % 2 !== 0);
  return up ? floor + 1 : floor;
}

/** @param {number[]} values */
const exact = (values) => values.reduce((total, value) => total + value, 0);

/** As `vpmaddubsw` sums pairs. @param {number[]} values */
function saturated(values) {
  let total = 0;
  for (let i = 0; i < values.length; i += 2) {
    total += Math.min(INT16[1], Math.max(INT16[0], values[i] + (values[i + 1] ?? 0)));
  }
  return total;
}

/** The convolution in QDQ form; the zero point is taken away by a bias of the picture's range, 0 being 128. */
function network() {
  const scalar = (name, value) => ({ name, dims: [], floats: [value] });
  return onnx({
    metadata: { 'upscaler.input_range': '0,255', 'upscaler.output_range': '-128,127' },
    constants: [
      scalar('one', 1),
      scalar('weight_step', WEIGHT_STEP),
      scalar('output_step', OUTPUT_STEP),
      { name: 'black', dims: [], uint8s: [0] },
      { name: 'middle', dims: [], uint8s: [ZERO] },
      { name: 'signed_zero', dims: [], int8s: [0] },
      { name: 'weights', dims: [CHANNELS, CHANNELS, KERNEL, KERNEL], int8s: weights },
    ],
    nodes: [
      { op: 'QuantizeLinear', inputs: ['x', 'one', 'black'], output: 'bytes' },
      { op: 'DequantizeLinear', inputs: ['bytes', 'one', 'black'], output: 'values' },
      { op: 'DequantizeLinear', inputs: ['weights', 'weight_step', 'signed_zero'], output: 'filters' },
      { op: 'Conv', inputs: ['values', 'filters'], output: 'sums', attributes: { pads: [1, 1, 1, 1] } },
      { op: 'QuantizeLinear', inputs: ['sums', 'output_step', 'middle'], output: 'levels' },
      { op: 'DequantizeLinear', inputs: ['levels', 'output_step', 'middle'], output: 'y' },
    ],
  });
}

/** @returns {string} the network's file */
function model() {
  const file = path.join(tmp, 'bytes.onnx');
  fs.writeFileSync(file, network());
  return file;
}

/**
 * What the library makes of the picture in a process whose kernels are chosen by the environment.
 *
 * @param {string} model a file
 * @param {string} kernels
 */
function run(model, kernels) {
  const raw = path.join(tmp, 'picture.bin');
  fs.writeFileSync(raw, picture);
  const script = `
    const Upscaler = require(${JSON.stringify(ROOT)});
    const data = new Uint8Array(require('node:fs').readFileSync(${JSON.stringify(raw)}));
    (async () => {
      const upscaler = new Upscaler({ model: ${JSON.stringify(model)} });
      const image = { data, width: ${WIDTH}, height: ${HEIGHT}, channels: ${CHANNELS} };
      const { data: values } = await upscaler.upscale(image, { output: 'tensor' });
      process.stdout.write(JSON.stringify(Array.from(values)));
    })();`;
  const env = { ...process.env, UPSCALER_KERNELS: kernels };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const wanted = convolve(exact);

test('the case is one that 16 bits cannot hold', () => {
  const found = convolve(saturated);
  const off = wanted.filter((value, i) => Math.abs(value - found[i]) > 2).length;
  assert.ok(off > wanted.length / 10, `${off} of ${wanted.length} samples would show saturation`);
});

/** Whether this processor has AVX2: else ONNX Runtime's kernels do all the work. */
async function hasAvx2() {
  const upscaler = new Upscaler({ model: 'fast-2x' });
  const { kernels } = await upscaler.getModel();
  await upscaler.dispose();
  return kernels.startsWith('avx');
}

// AVX2's kernels mean a processor that has nothing newer.
for (const kernels of process.arch === 'x64' ? ['', 'off', 'avx2'] : ['', 'off']) {
  test(`sums of products of bytes are exact with UPSCALER_KERNELS='${kernels}'`, async () => {
    if (kernels === 'avx2' && !(await hasAvx2())) {
      assert.throws(() => run(model(), kernels), /Expected UPSCALER_KERNELS to be off or an instruction set/);
      return;
    }
    const found = run(model(), kernels);
    const off = wanted.flatMap((value, i) => {
      // A tensor is 0..255: black is -128.
      const difference = Math.abs(found[i] - (value + ZERO));
      return difference < 1e-3 ? [] : [`sample ${i}: ${found[i]}, in integers ${value + ZERO}`];
    });
    assert.equal(found.length, wanted.length);
    assert.deepEqual(off.slice(0, 5), [], `${off.length} of ${wanted.length} samples differ`);
  });
}

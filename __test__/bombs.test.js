'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { runNode } = require('./support/child');
const { nearest, onnx } = require('./support/onnx');

/**
 * Model files of a few bytes that ask for hours, or for all of memory. Each is loaded in a process of its own that may
 * have little memory and is ended where it takes far too long: it has to end by itself, with a code.
 */

const ROOT = path.join(__dirname, '..');
const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-bombs-'));
after(() => fs.rmSync(tmp, { recursive: true }));

/** What a loading process may hold at most, in MiB: Node and ONNX Runtime take 150. */
const MOST = 900;
/** Long after anybody has given up; the outcome is what counts. */
const TOO_LONG = 120_000;

/**
 * @param {string} file
 * @param {string} [use] what is done with the instance
 * @returns {Promise<{ code: string, message: string, peak: number }>}
 */
async function load(file, use = 'upscaler.ready', options = '{}') {
  const script = `
    const Upscaler = require(${JSON.stringify(ROOT)});
    const raw = (width, height) => ({ data: new Uint8Array(3 * width * height).fill(99), width, height, channels: 3 });
    const abortedIn = (ms) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), ms);
      return controller.signal;
    };
    const upscaler = new Upscaler({ model: ${JSON.stringify(file)}, ...${options} });
    const tell = (code, message) => console.log(JSON.stringify({ code, message, peak: process.resourceUsage().maxRSS / 1024 }));
    (async () => ${use})().then(() => tell('done', ''), ({ code, message }) => tell(code, message)).then(() => process.exit());`;
  const { code: status, signal, stdout, stderr } = await runNode(['-e', script], { timeout: TOO_LONG });
  assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' }, path.basename(file));
  return JSON.parse(stdout);
}

let written = 0;
/** @param {Buffer} bytes */
function file(bytes, name = `bomb-${written++}.onnx`) {
  fs.writeFileSync(path.join(tmp, name), bytes);
  return path.join(tmp, name);
}

const node = (op, inputs, output, attributes) => ({ op, inputs, output, attributes });

/** The picture, twice as large, plus something that is computed of constants alone. */
const plus = (nodes, constants) =>
  onnx({
    nodes: [
      node('Resize', ['x', '', 'scales'], 'larger', { mode: 'nearest' }),
      ...nodes,
      node('ReduceMax', ['bomb'], 'one', { keepdims: 0 }),
      node('Add', ['larger', 'one'], 'y'),
    ],
    constants: [{ name: 'scales', dims: [4], floats: [1, 1, 2, 2] }, ...constants],
  });

const BOMBS = {
  'Expand to 2^40': plus(
    [node('Expand', ['zero', 'shape'], 'bomb')],
    [
      { name: 'zero', dims: [1], floats: [0] },
      { name: 'shape', dims: [2], ints: [2 ** 20, 2 ** 20] },
    ],
  ),
  'forty Concats, each of the one before with itself': plus(
    [
      ...Array.from({ length: 40 }, (_, i) =>
        node('Concat', [`c${i}`, `c${i}`], i === 39 ? 'bomb' : `c${i + 1}`, { axis: 0 }),
      ),
    ],
    [{ name: 'c0', dims: [1024], floats: new Array(1024).fill(0) }],
  ),
  'Tile to 4.4 GB': plus(
    [node('Tile', ['row', 'times'], 'bomb')],
    [
      { name: 'row', dims: [1, 1024], floats: new Array(1024).fill(0) },
      { name: 'times', dims: [2], ints: [1 << 20, 1] },
    ],
  ),
  'a picture that is tiled into thousands of channels': onnx({
    nodes: [
      node('Tile', ['x', 'times'], 'many'),
      node('ReduceMean', ['many'], 'mean', { axes: [1], keepdims: 1 }),
      node('Add', ['x', 'mean'], 'y'),
    ],
    constants: [{ name: 'times', dims: [4], ints: [1, 1e6, 1, 1] }],
  }),
  'one size of 30000 x 30000': nearest({ input: [1, 3, 30000, 30000], output: [1, 3, 60000, 60000] }),
  'a Concat of a hundred thousand inputs': onnx({
    nodes: [node('Concat', new Array(1e5).fill('x'), 'y', { axis: 1 })],
  }),
  'a hundred thousand nodes': onnx({
    nodes: Array.from({ length: 1e5 }, (_, i) =>
      node('Relu', [i === 0 ? 'x' : `v${i}`], i === 99_999 ? 'y' : `v${i + 1}`),
    ),
  }),
  'names of ten million letters': onnx({
    nodes: [node('Relu', ['x'], 'n'.repeat(1e7)), node('Relu', ['n'.repeat(1e7)], 'y')],
  }),
};

for (const [name, bytes] of Object.entries(BOMBS)) {
  test(name, async () => {
    const { code, message, peak } = await load(file(bytes));
    assert.match(code, /^ERR_UPSCALER_(MODEL_LOAD|MODEL_SHAPE|LIMIT)$/, message);
    assert.ok(message.length < 1000, message);
    assert.ok(peak < MOST, `${peak} MiB`);
  });
}

test('a manifest that names one shard a million times', async () => {
  const folder = path.join(tmp, 'shards');
  fs.cpSync(path.join(ROOT, 'node_modules/@upscalerjs/default-model/models'), folder, { recursive: true });
  const json = path.join(folder, 'model.json');
  const model = JSON.parse(fs.readFileSync(json, 'utf8'));
  const [shard] = model.weightsManifest[0].paths;
  for (const times of [2, 1e6]) {
    model.weightsManifest[0].paths = new Array(times).fill(shard);
    fs.writeFileSync(json, JSON.stringify(model));
    const { code, message } = await load(json);
    assert.equal(code, 'ERR_UPSCALER_MODEL_LOAD');
    assert.match(message, /shard/);
  }
});

test('networks whose windows are larger than the picture', async () => {
  const small = [
    [1, 1],
    [2, 3],
    [5, 5],
    [6, 6],
    [7, 1],
    [1, 40],
  ].map((side) => `raw(${side})`);
  const use = `{
    for (const image of [${small}]) await upscaler.upscale(image).catch((error) => {
      if (error.code !== 'ERR_UPSCALER_MODEL_SHAPE') throw error;
    });
    await upscaler.upscale(raw(40, 40));
  }`;
  const { code, message } = await load(path.join(__dirname, 'fixtures/onnx/rfdn-esa.onnx'), use);
  assert.equal(code, 'done', message);
});

test('loading can be stopped, by a signal and by a timeout', async () => {
  const slow = path.join(ROOT, 'node_modules/@upscalerjs/esrgan-medium/models/x8/model.json');
  const aborted = await load(slow, 'upscaler.ready', '{ signal: abortedIn(5) }');
  assert.equal(aborted.code, 'ABORT_ERR');
  const late = await load(slow, 'upscaler.ready', '{ timeout: 5 }');
  assert.equal(late.code, 'ERR_UPSCALER_TIMEOUT');
  assert.match(late.message, /a loaded model within 5 ms/);
  const before = await load(slow, 'upscaler.upscale(raw(8, 8))', '{ signal: AbortSignal.abort() }');
  assert.equal(before.code, 'ABORT_ERR');
});

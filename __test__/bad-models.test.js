'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { performance } = require('node:perf_hooks');
const { onnx, nearest } = require('./support/onnx');
const { withUpscaler } = require('./support/with-upscaler');

/** Model files that are broken, or meant to harm: each is refused with a typed error, soon, and in little memory. */

const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-bad-models-'));
after(() => fs.rmSync(tmp, { recursive: true }));

const ROOT = path.join(__dirname, '..');
const NCNN = path.join(__dirname, 'fixtures', 'ncnn', 'compact');
const LONGEST = 3000;
const MAX_MEMORY = 250e6;

/**
 * @param {any} model
 * @param {RegExp} message
 * @param {string} [code]
 */
async function refused(model, message, code = 'ERR_UPSCALER_MODEL_LOAD') {
  const [start, memory] = [performance.now(), process.memoryUsage().rss];
  await assert.rejects(
    withUpscaler({ model }, (upscaler) => upscaler.ready),
    (error) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    },
  );
  assert.ok(performance.now() - start < LONGEST, `it took ${performance.now() - start} ms`);
  const grown = process.memoryUsage().rss - memory;
  assert.ok(grown < MAX_MEMORY, `it took ${grown} bytes`);
}

/**
 * UpscalerJS's default model, changed.
 *
 * @param {string} name
 * @param {(model: any, folder: string) => void} change may write files of its own
 */
function layers(name, change) {
  const folder = path.join(tmp, name);
  const original = path.join(ROOT, 'node_modules', '@upscalerjs', 'default-model', 'models');
  fs.cpSync(original, folder, { recursive: true });
  const file = path.join(folder, 'model.json');
  const model = JSON.parse(fs.readFileSync(file, 'utf8'));
  change(model, folder);
  fs.writeFileSync(file, JSON.stringify(model));
  return { path: file, scale: 2 };
}

const shardOf = (model) => model.weightsManifest[0].paths[0];
const layersOf = (model) => {
  const config = model.modelTopology.model_config ?? model.modelTopology.config ?? model.modelTopology;
  return (config.config ?? config).layers;
};

test('TensorFlow.js: a shard that is cut off, is too long, or is not there', async () => {
  const cut = layers('cut', (model, folder) => {
    const file = path.join(folder, shardOf(model));
    fs.truncateSync(file, fs.statSync(file).size - 10);
  });
  await refused(cut, /bytes/);
  const long = layers('long', (model, folder) => {
    fs.appendFileSync(path.join(folder, shardOf(model)), Buffer.alloc(64));
  });
  await refused(long, /bytes/);
  const gone = layers('gone', (model, folder) => fs.rmSync(path.join(folder, shardOf(model))));
  await refused(gone, /Expected a readable file at .*bin/);
});

/** @param {string[]} files */
const sha256 = (...files) => {
  const hash = crypto.createHash('sha256');
  for (const file of files) hash.update(fs.readFileSync(file));
  return hash.digest('hex');
};

test('a model that is not the one that its definition was written for', async () => {
  const span = path.join(tmp, 'span.onnx');
  fs.copyFileSync(path.join(ROOT, 'models', 'span', '2x.onnx'), span);
  const { path: json } = layers('signed', () => {});
  const shard = path.join(path.dirname(json), shardOf(JSON.parse(fs.readFileSync(json, 'utf8'))));
  const [ncnn, bin] = ['signed.param', 'signed.bin'].map((name) => path.join(tmp, name));
  fs.copyFileSync(`${NCNN}.param`, ncnn);
  fs.copyFileSync(`${NCNN}.bin`, bin);

  for (const [file, weights, definition] of [
    [span, span, { sha256: sha256(span) }],
    [json, shard, { sha256: sha256(json, shard).toUpperCase() }],
    [ncnn, bin, { sha256: sha256(ncnn, bin) }],
  ]) {
    const model = { path: file, ...definition };
    await withUpscaler({ model }, (upscaler) => upscaler.ready);
    // Among the weights, where only their values change, which nothing but the hash can tell.
    const bytes = fs.readFileSync(weights);
    bytes[Math.floor(bytes.length / 2)] ^= 1;
    fs.writeFileSync(weights, bytes);
    await refused(model, /to have the sha256 [0-9a-f]{64} but found [0-9a-f]{64}/i);
    await withUpscaler({ model: { path: file } }, (upscaler) => upscaler.ready);
  }
  await refused(
    { path: span, sha256: 'ab12' },
    /64 hexadecimal digits for model definition sha256.*ab12/,
    'ERR_INVALID_ARG_VALUE',
  );
  await refused({ path: span, sha256: 5 }, /64 hexadecimal digits.*sha256/, 'ERR_INVALID_ARG_TYPE');
});

test('TensorFlow.js: shards outside the folder of the model', async () => {
  for (const [i, trick] of [
    '../../../../../../etc/passwd',
    '/etc/passwd',
    'weights/../../secret.bin',
    '..\\..\\secret.bin',
    'file:///etc/passwd',
    'https://example.com/weights.bin',
    '',
  ].entries()) {
    const model = layers(`trick-${i}`, (json) => (json.weightsManifest[0].paths = [trick]));
    await refused(model, /weightsManifest|readable file|folder/);
  }
});

test('TensorFlow.js: weights that claim gigabytes', async () => {
  for (const shape of [
    [3, 3, 16384, 16384],
    [2 ** 31, 2 ** 31, 2 ** 31, 2 ** 31],
    [1e300, 1, 1, 1],
    [-1, 3, 3, 3],
  ]) {
    const model = layers(`huge-${shape[0]}`, (json) => (json.weightsManifest[0].weights[0].shape = shape));
    await refused(model, /./);
  }
});

test('TensorFlow.js: layers that are not known, go in a circle, or lead nowhere', async () => {
  const unknown = layers('unknown', (json) => (layersOf(json)[1].class_name = 'Teleport'));
  await refused(unknown, /Teleport/);
  const circle = layers('circle', (json) => {
    const all = layersOf(json);
    const [first] = all.slice(1);
    first.inbound_nodes[0][0][0] = all.at(-1).name;
  });
  await refused(circle, /cycle/);
  const nowhere = layers('nowhere', (json) => (layersOf(json)[1].inbound_nodes[0][0][0] = 'nobody'));
  await refused(nowhere, /nobody/);
});

test('TensorFlow.js: text that is no model', async () => {
  for (const [i, text] of ['', '{', '[]', '{}', 'null', '[['.repeat(50_000)].entries()) {
    const file = path.join(tmp, `text-${i}.json`);
    fs.writeFileSync(file, text);
    await refused({ path: file, scale: 2 }, /./);
  }
});

test('ONNX: bytes that are no model', async () => {
  const good = nearest();
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('<html>'),
    Buffer.alloc(1000, 0xff),
    Buffer.alloc(1000, 0x0a),
    good.subarray(0, good.length - 20),
    good.subarray(0, good.length / 2),
  ]) {
    await refused(bytes, /./);
  }
});

test('ONNX: a few bytes that claim two gigabytes', async () => {
  // A tensor whose shape is 2 GB and whose data is 4 bytes; then the same where shapes are computed.
  const claim = (dims) => nearest({ constants: [{ name: 'scales', dims, floats: [1] }] });
  for (const dims of [[536870912], [65536, 8192], [2 ** 31, 2 ** 31]]) await refused(claim(dims), /./);
  const constants = [
    { name: 'shape', dims: [4], ints: [1, 3, 16384, 16384] },
    { name: 'scales', dims: [4], floats: [1, 1, 2, 2] },
  ];
  const expand = onnx({
    nodes: [
      { op: 'ConstantOfShape', inputs: ['shape'], output: 'big' },
      { op: 'Add', inputs: ['x', 'big'], output: 'y' },
    ],
    constants,
  });
  await refused(expand, /./);
});

test('ONNX: an operator that is not known, a circle, a missing input, an absurd scale', async () => {
  const node = (op, inputs, output, attributes) => ({ op, inputs, output, attributes });
  await refused(onnx({ nodes: [node('Teleport', ['x'], 'y')] }), /Teleport/);
  const circle = [node('Add', ['x', 'b'], 'a'), node('Relu', ['a'], 'b'), node('Relu', ['b'], 'y')];
  await refused(onnx({ nodes: circle }), /./);
  await refused(onnx({ nodes: [node('Relu', ['y'], 'y')] }), /./);
  await refused(onnx({ nodes: [node('Add', ['x', 'nobody'], 'y')] }), /nobody/);
  const enlarged = nearest({ constants: [{ name: 'scales', dims: [4], floats: [1, 1, 1e9, 1e9] }] });
  await assert.rejects(
    withUpscaler({ model: enlarged }, (own) =>
      own.upscale({ data: new Uint8Array(48), width: 4, height: 4, channels: 3 }),
    ),
    { code: /ERR_UPSCALER_(MODEL_LOAD|MODEL_SHAPE|LIMIT)/ },
  );
});

test('ONNX: a chain of forty thousand nodes neither hangs nor overflows a stack', async () => {
  const nodes = Array.from({ length: 40_000 }, (_, i) => ({
    op: 'Relu',
    inputs: [i === 0 ? 'x' : `v${i}`],
    output: `v${i + 1}`,
  }));
  nodes.push({ op: 'Teleport', inputs: [`v${nodes.length}`], output: 'y' });
  await refused(onnx({ nodes }), /Teleport/);
});

test('files that are none, or never end', { skip: process.platform === 'win32' }, async () => {
  const folder = path.join(tmp, 'folder.onnx');
  fs.mkdirSync(folder);
  await refused(folder, /found 0/);
  const endless = path.join(tmp, 'endless.onnx');
  fs.symlinkSync('/dev/zero', endless);
  await refused(endless, /Expected a file/);
  await refused(path.join(tmp, 'missing.onnx'), /missing\.onnx/);
});

test('a path of a million letters is not repeated', async () => {
  for (const end of ['.onnx', '.param', '/model.json']) {
    const model = './' + 'a'.repeat(1_000_000) + end;
    await refused(model, /^(?=[^]{0,1000}$)[^]*a path of \d+ characters/);
  }
});

test('ncnn: weights that are missing, or fewer than the text says', async () => {
  const target = path.join(tmp, 'compact');
  fs.copyFileSync(`${NCNN}.param`, `${target}.param`);
  await refused(`${target}.param`, /compact\.bin/);
  const weights = fs.readFileSync(`${NCNN}.bin`);
  fs.writeFileSync(`${target}.bin`, weights.subarray(0, weights.length / 2));
  await refused(`${target}.param`, /./);
});

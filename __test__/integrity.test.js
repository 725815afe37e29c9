'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { entries } = require('../lib/catalogue');
const origins = require('../lib/catalogue/origins.json');
const { withUpscaler } = require('./support/with-upscaler');

/** Weights are those that were published, or none: what is hashed is what is loaded and what `getModel()` tells. */

const ROOT = path.join(__dirname, '..');
const MODULES = path.join(ROOT, 'node_modules');
const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-integrity-'));
after(() => fs.rmSync(tmp, { recursive: true }));

/** @param {string} file of a TensorFlow.js model, or an `.onnx` */
function filesOf(file) {
  if (!file.endsWith('.json')) return [file];
  const { weightsManifest } = JSON.parse(fs.readFileSync(file, 'utf8'));
  return [
    file,
    ...weightsManifest.flatMap(({ paths }) => paths).map((shard) => path.join(path.dirname(file), shard)),
  ];
}

/** @param {string[]} files */
function sha256(files) {
  const hash = crypto.createHash('sha256');
  for (const file of files) hash.update(fs.readFileSync(file));
  return hash.digest('hex');
}

test("the hashes of UpscalerJS's files are those of its packages", () => {
  for (const { id, origin, modelType, sha256: shipped } of entries) {
    const file = path.join(MODULES, origin.package, origin.file.replace(/^package\//, ''));
    if (!origin.package.startsWith('@upscalerjs/') || !fs.existsSync(file)) continue;
    assert.equal(sha256(filesOf(file)), modelType === 'graph' ? shipped : origins[id], id);
  }
  const theirs = entries.filter(
    ({ upscalerjs, modelType }) => upscalerjs.length > 0 && modelType !== 'graph',
  );
  assert.deepEqual(Object.keys(origins).sort(), theirs.map(({ id }) => id).sort());
});

/**
 * In an application of its own, whose packages are copies that may be changed.
 *
 * @param {string[]} packages
 * @param {(folder: string) => Promise<void>} use
 */
async function application(packages, use) {
  const folder = fs.mkdtempSync(path.join(tmp, 'app-'));
  for (const name of packages) {
    const source = fs.realpathSync(path.join(MODULES, name));
    fs.cpSync(source, path.join(folder, 'node_modules', name), { recursive: true });
  }
  const before = process.cwd();
  process.chdir(folder);
  try {
    await use(folder);
  } finally {
    process.chdir(before);
  }
}

/** @param {string} file a bit of whose middle is turned: among the weights, where only values change */
function alter(file) {
  const bytes = fs.readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  fs.writeFileSync(file, bytes);
}

const refused = (model) =>
  assert.rejects(
    withUpscaler({ model }, (upscaler) => upscaler.ready),
    { code: 'ERR_UPSCALER_MODEL_LOAD', message: /to have the sha256 [0-9a-f]{64} but found [0-9a-f]{64}/ },
  );
const told = (model) => withUpscaler({ model }, (upscaler) => upscaler.getModel());

test('altered weights of an UpscalerJS package are refused, by name and by definition', async () => {
  await application(['@upscalerjs/default-model'], async (folder) => {
    const module = path.join(folder, 'node_modules', '@upscalerjs', 'default-model');
    const files = filesOf(path.join(module, 'models', 'model.json'));
    const { id, sha256: found } = await told('@upscalerjs/default-model');
    assert.equal(id, 'esrgan-slim-2x');
    assert.equal(found, sha256(files));

    alter(files[1]);
    await refused('@upscalerjs/default-model');
    await refused({ _internals: { name: '@upscalerjs/default-model', path: 'models/model.json' } });

    // Of another version nothing is known: it is loaded as what it is, and nothing of the catalogue is claimed of it.
    const manifest = JSON.parse(fs.readFileSync(path.join(module, 'package.json'), 'utf8'));
    fs.writeFileSync(path.join(module, 'package.json'), JSON.stringify({ ...manifest, version: '1.0.1' }));
    const other = await told('@upscalerjs/default-model');
    assert.equal(other.id, undefined);
    assert.equal(other.sha256, sha256(files));
  });
});

test('altered weights of our own packages are refused, whatever their code says', async () => {
  const name = '@upscaler-node/real-esrgan';
  await application([name], async (folder) => {
    const module = path.join(folder, 'node_modules', name);
    const [weights, code] = ['illustration-2x.onnx', 'illustration-2x.js'].map((file) =>
      path.join(module, file),
    );
    alter(weights);
    const definition = () => {
      delete require.cache[fs.realpathSync(code)];
      return require(code);
    };
    await refused(definition());
    fs.writeFileSync(
      code,
      fs.readFileSync(code, 'utf8').replace(/sha256: '[0-9a-f]{64}'/, `sha256: '${sha256([weights])}'`),
    );
    await refused(definition());
    fs.writeFileSync(code, fs.readFileSync(code, 'utf8').replace(/sha256: '[0-9a-f]{64}',/, ''));
    await refused(definition());
  });
});

test('getModel() tells the hash of what was loaded', async () => {
  const span = path.join(ROOT, 'models', 'span', '2x.onnx');
  const copy = path.join(tmp, 'copy.onnx');
  fs.copyFileSync(span, copy);
  assert.equal((await told('span-2x')).sha256, sha256([span]));
  alter(copy);
  assert.equal((await told(copy)).sha256, sha256([copy]));
  assert.equal((await told(fs.readFileSync(copy))).sha256, sha256([copy]));
});

test(
  'a shard that is a link out of the folder of its model is refused',
  { skip: process.platform === 'win32' },
  async () => {
    const source = path.join(MODULES, '@upscalerjs', 'default-model', 'models');
    const [, shard] = filesOf(path.join(source, 'model.json')).map((file) => path.basename(file));
    const folder = path.join(tmp, 'linked');
    fs.cpSync(source, folder, { recursive: true });
    const elsewhere = path.join(tmp, 'elsewhere.bin');
    fs.renameSync(path.join(folder, shard), elsewhere);
    fs.symlinkSync(elsewhere, path.join(folder, shard));
    const model = { path: path.join(folder, 'model.json'), scale: 2 };
    await assert.rejects(told(model), { code: 'ERR_UPSCALER_MODEL_LOAD', message: /link/ });

    // A link within the folder, and a folder of links into one store of files, as package managers make them.
    fs.rmSync(path.join(folder, shard));
    fs.renameSync(elsewhere, path.join(folder, 'real.bin'));
    fs.symlinkSync('real.bin', path.join(folder, shard));
    assert.equal((await told(model)).scale, 2);
    const view = path.join(tmp, 'view');
    fs.mkdirSync(view);
    for (const file of ['model.json', shard]) fs.symlinkSync(path.join(folder, file), path.join(view, file));
    assert.equal((await told({ path: path.join(view, 'model.json'), scale: 2 })).scale, 2);
  },
);

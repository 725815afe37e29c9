'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const Upscaler = require('..');
const { entries } = require('../lib/catalogue');
const hashes = require('../scripts/models/sha256.json');

const ROOT = path.join(__dirname, '..');
const committed = entries.filter((entry) => entry.committed);
const fileOf = ({ family, file }) => path.join(ROOT, 'models', family, file);
const packageOf = ({ family }) =>
  JSON.parse(fs.readFileSync(path.join(ROOT, 'models', family, 'package.json'), 'utf8'));

test('every family that the project promises is there', () => {
  const families = new Set(entries.map(({ family }) => family));
  assert.deepEqual([...families].sort(), [
    'esrgan-legacy',
    'esrgan-medium',
    'esrgan-slim',
    'esrgan-thick',
    'fast',
    'grey',
    'maxim-deblurring',
    'maxim-dehazing-indoor',
    'maxim-denoising',
    'maxim-deraining',
    'maxim-enhancement',
    'photo',
    'real-esrgan',
    'real-esrgan-plus',
    'span',
    'text',
    'tiny',
    'waifu2x-photo',
  ]);
});

test('ids, aliases, paths and modules name one model each', () => {
  const names = entries.flatMap(({ id, aliases, path, module }) => [
    id,
    path,
    ...aliases,
    ...(module === id ? [] : [module]),
  ]);
  const lower = names.map((name) => name.toLowerCase());
  assert.deepEqual(
    lower.filter((name, i) => lower.indexOf(name) !== i),
    [],
  );
});

test('every entry tells all that it must', () => {
  const texts = ['title', 'description', 'domain', 'architecture', 'size', 'author', 'authors', 'dataset'];
  for (const entry of entries) {
    for (const field of texts) assert.ok(entry[field]?.length > 0, `${entry.id}: ${field}`);
    assert.match(entry.path, /^[\w.-]+\/[\w.-]+\/[\w.-]+\/\d+x\/\d$/, entry.id);
    assert.ok(Object.keys(entry.settings).length > 0, entry.id);
    assert.ok(['small', 'medium', 'large'].includes(entry.size), entry.id);
    assert.ok(['MIT', 'Apache-2.0', 'BSD-3-Clause'].includes(entry.license), entry.id);
    assert.ok(entry.training.description.length > 0, entry.id);
    const own = entry.origin.registry === 'repository';
    assert.match(entry.licenseUrl, own ? /^LICENSE$/ : /^https:\/\/github\.com\/.+\/LICENSE/, entry.id);
    assert.match(entry.training.repository, own ? /^docs\/training\.md$/ : /^https:\/\//, entry.id);
    assert.ok(entry.parameters > 0, entry.id);
    assert.match(entry.sha256, /^[0-9a-f]{64}$/, entry.id);
    for (const fact of ['macsPerPixel', 'receptiveField', 'halo', 'fileSize', 'relativeSpeed', 'quality']) {
      assert.notEqual(entry[fact], undefined, `${entry.id}: ${fact}`);
    }
  }
});

test('what is committed has been counted and measured', () => {
  for (const { id, macsPerPixel, receptiveField, halo, quality, relativeSpeed } of committed) {
    for (const fact of [
      macsPerPixel,
      receptiveField,
      halo,
      quality.set5.psnrY,
      quality.set5.ssimY,
      relativeSpeed,
    ]) {
      assert.ok(fact > 0, id);
    }
  }
});

test('the catalogue agrees with the committed weights, read without the library', async () => {
  const { countParameters, measureGraph, readGraph } = await import('../scripts/models/onnx.mjs');
  for (const entry of committed) {
    const bytes = fs.readFileSync(fileOf(entry));
    const graph = readGraph(bytes);
    assert.equal(bytes.length, entry.fileSize, entry.id);
    assert.equal(crypto.createHash('sha256').update(bytes).digest('hex'), entry.sha256, entry.id);
    // A resampling by a fixed ratio is written as a convolution, whose few numbers nobody has trained.
    const untrained = countParameters(graph) - entry.parameters;
    assert.ok(untrained >= 0 && untrained <= 3 * 18 ** 2, `${entry.id}: ${untrained}`);
    assert.deepEqual(
      measureGraph(graph),
      { macsPerPixel: entry.macsPerPixel, receptiveField: entry.receptiveField },
      entry.id,
    );
  }
});

/**
 * What TensorFlow counts for MAXIM's port to it (github.com/sayakpaul/maxim-tf, maxim/configs.py), from which UpscalerJS's
 * packages come, with pictures of 256x256 pixels, by stages: a multiplication and an addition are two.
 */
const MAXIM_FLOPS = { 2: 206.743273472e9, 3: 320.3219456e9 };

test('MAXIM takes as many multiplications as TensorFlow counts', () => {
  const models = entries.filter(({ architecture }) => architecture === 'maxim');
  assert.equal(models.length, 5);
  for (const { id, settings, macsPerPixel } of models) {
    const ratio = (2 * macsPerPixel * 256 ** 2) / MAXIM_FLOPS[settings.stages];
    assert.ok(Math.abs(ratio - 1) < 0.03, `${id}: ${ratio}`);
  }
});

test('the hash of every published file is known', () => {
  const published = entries.filter(({ origin }) => origin.registry !== 'repository');
  for (const { id, origin, modelType } of published) {
    const prefix = `${origin.registry}:${origin.package}@${origin.version}/${origin.file}`;
    const files = prefix.endsWith('.json') ? [prefix] : [`${prefix}.param`, `${prefix}.bin`];
    for (const file of files) assert.match(hashes[file] ?? '', /^[0-9a-f]{64}$/, `${id}: ${file}`);
    if (modelType === 'graph')
      assert.ok(
        Object.keys(hashes).some((file) => /shard1of/.test(file)),
        id,
      );
  }
});

test('a package says what its weights may be used for', () => {
  for (const entry of entries) {
    const folder = path.join(ROOT, 'models', entry.family);
    assert.ok(packageOf(entry).license.includes(entry.license), entry.id);
    const texts = fs.readdirSync(folder).filter((file) => file.startsWith('LICENSE'));
    assert.ok(
      texts.some((file) =>
        LICENSE_TEXTS[entry.license].test(fs.readFileSync(path.join(folder, file), 'utf8')),
      ),
      entry.id,
    );
    assert.ok(fs.readFileSync(path.join(folder, 'NOTICE'), 'utf8').includes(entry.id), entry.id);
  }
});

const LICENSE_TEXTS = {
  MIT: /Permission is hereby granted, free of charge/,
  'Apache-2.0': /Apache License\s+Version 2\.0/,
  'BSD-3-Clause': /Redistributions in binary form must reproduce/,
};

test('what comes with the main package is among its files, with its licence and a notice', () => {
  const { files } = require('../package.json');
  const notice = fs.readFileSync(path.join(ROOT, 'NOTICE'), 'utf8');
  for (const { id, embedded, family, file } of entries) {
    const packed = [`models/${family}/*.onnx`, `models/${family}/${file}`].some((each) =>
      files.includes(each),
    );
    assert.equal(packed, embedded, id);
    if (!embedded) continue;
    assert.ok(files.includes(`models/${family}/LICENSE`), id);
    assert.ok(notice.includes(`models/${family})`), id);
  }
});

test('each module of a package is a definition that agrees with the catalogue', () => {
  for (const entry of entries) {
    const name = entry.module.split('/').slice(2).join('/');
    const target = packageOf(entry).exports[name === '' ? '.' : `./${name}`].default;
    const definition = require(path.join(ROOT, 'models', entry.family, target));
    assert.equal(definition.path, fileOf(entry), entry.id);
    assert.deepEqual(definition._internals, {
      name: entry.package,
      version: require('../package.json').version,
      path: entry.file,
    });
    for (const key of ['scale', 'channels', 'inputRange', 'outputRange']) {
      assert.deepEqual(definition[key], entry[key], `${entry.id}: ${key}`);
    }
    assert.equal(definition.modelType === 'graph', entry.modelType === 'graph', entry.id);
  }
});

test('packages and pages are what `npm run models` writes', async () => {
  const { pages } = await import('../scripts/models/pages.mjs');
  for (const [file, text] of await pages()) {
    assert.equal(fs.readFileSync(path.join(ROOT, file), 'utf8'), text, `${file} is stale: npm run models`);
  }
});

for (const entry of committed) {
  test(`${entry.id} upscales a picture of 32 x 32`, async () => {
    const data = Buffer.from(Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7) % 256));
    const upscaler = new Upscaler({ model: entry.id });
    const [{ data: result, info }, model] = await Promise.all([
      upscaler.upscale(
        { data, width: 32, height: 32, channels: 3 },
        { output: 'raw', resolveWithObject: true },
      ),
      upscaler.getModel(),
    ]);
    await upscaler.dispose();
    assert.deepEqual([info.width, info.height, info.channels], [32 * entry.scale, 32 * entry.scale, 3]);
    assert.equal(info.model, entry.id);
    assert.ok(new Set(result.data).size > 16, 'not a flat picture');
    // The kernels' rounding may reach farther than the network; see docs/performance.md.
    assert.ok(model.halo >= entry.halo, `${model.halo} pixels of context`);
    assert.equal(model.scale, entry.scale);
    assert.equal(model.license, entry.license);
  });
}

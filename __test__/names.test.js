'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { pathToFileURL } = require('node:url');
const { resolveModel } = require('../lib/resolve-model');
const { listModels } = require('../lib/models');
const { parseUpscalerOptions } = require('../lib/options');
const packages = require('../lib/packages');

/** What a model is called: whatever a name is made of, no code runs but that of installed packages. */

const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-names-'));
after(() => fs.rmSync(tmp, { recursive: true }));

const RAN = Symbol.for('upscaler-node.test.ran');
const EVIL = `globalThis[Symbol.for('upscaler-node.test.ran')] = true;`;

/** An application in a folder of its own, with a package, and an upload beside its node_modules. */
function application(use) {
  const folder = fs.mkdtempSync(path.join(tmp, 'app-'));
  const module = path.join(folder, 'node_modules', '@x', 'models');
  fs.mkdirSync(path.join(module, 'secret'), { recursive: true });
  fs.mkdirSync(path.join(folder, 'uploads'));
  const write = (file, text) => fs.writeFileSync(path.join(folder, file), text);
  write('uploads/evil.png', EVIL);
  write('uploads/evil.js', EVIL);
  write('node_modules/evil.js', EVIL);
  write('node_modules/@x/models/package.json', '{ "name": "@x/models", "version": "1.0.0" }');
  write('node_modules/@x/models/good.js', `module.exports = { path: './a.json', scale: 2 };`);
  write('node_modules/@x/models/picture.png', EVIL);
  fs.symlinkSync(path.join(folder, 'uploads', 'evil.js'), path.join(module, 'linked.js'));
  const before = process.cwd();
  process.chdir(folder);
  try {
    return use(folder);
  } finally {
    process.chdir(before);
  }
}

test('a name that leads out of its package is refused, and nothing is run', () => {
  application(() => {
    assert.equal(resolveModel('@x/models/good', {}).source.scale, 2);
    for (const name of [
      '@x/../../uploads/evil.png',
      '@x/../../uploads/evil',
      '@x/../evil',
      '@x/models/../../evil',
      '@x/models/../../../uploads/evil.js',
      '@x/models/./../../evil',
      '@x/models/%2e%2e/evil',
      '@x/models\\..\\..\\evil',
      '@x/models/picture.png',
      '@x/models/linked',
      '@/evil',
      '@x/',
      '@x//models',
      '@x/models/',
      '@x/models/good\0',
      '@x/.hidden',
      '@/../../uploads/evil.png',
      `@x/${'a'.repeat(1e6)}`,
    ]) {
      assert.throws(
        () => resolveModel(name, {}),
        ({ code, message }) => {
          assert.match(code, /^ERR_UPSCALER_MODEL_NOT_(FOUND|INSTALLED)$/, name);
          return message.length < 300;
        },
        name.slice(0, 60),
      );
    }
    assert.equal(globalThis[RAN], undefined);
  });
});

test("a definition's package and file within it are a package and a file within it", () => {
  application((folder) => {
    const found = resolveModel({ _internals: { name: '@x/models', path: 'good.js' } }, {});
    assert.equal(
      fs.realpathSync(found.source.path),
      fs.realpathSync(path.join(folder, 'node_modules/@x/models/good.js')),
    );
    for (const [name, file] of [
      ['@x/models', '../../../uploads/evil.png'],
      ['@x/models', path.join(folder, 'uploads', 'evil.png')],
      ['../uploads', 'evil.png'],
      ['@x/../..', 'uploads/evil.png'],
    ]) {
      const definition = { _internals: { name, path: file } };
      assert.throws(() => resolveModel(definition, {}), { code: 'ERR_UPSCALER_MODEL_NOT_FOUND' }, name);
    }
  });
});

test('names of packages as npm allows them', () => {
  for (const name of ['@upscalerjs/esrgan-slim', '@a/b_c.d~e', 'left-pad']) {
    assert.equal(packages.packageName(name), name);
    assert.equal(packages.packageName(`${name}/models/x4`), name);
  }
});

test('words that every object inherits are no names, domains or scales', () => {
  for (const word of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    assert.throws(() => resolveModel(word, {}), { code: 'ERR_UPSCALER_MODEL_NOT_FOUND' }, word);
    for (const key of ['domain', 'dataset', 'architecture', 'family', 'size', 'quantization']) {
      assert.throws(() => resolveModel({ [key]: word }, {}), { code: 'ERR_UPSCALER_MODEL_NOT_FOUND' }, key);
      assert.deepEqual(listModels({ [key]: word }), []);
    }
    assert.throws(() => listModels(JSON.parse(`{ "${word}": "photo" }`)), { code: 'ERR_INVALID_ARG_TYPE' });
  }
});

test('a query of values that are no words and no numbers is refused', () => {
  const hostile = { toString: () => assert.fail('called') };
  for (const query of [
    { scale: hostile },
    { scale: 10n },
    { scale: '2' },
    { domain: 5 },
    { domain: ['photo'] },
    { domain: Symbol('photo') },
    { domain: hostile },
  ]) {
    assert.throws(() => listModels(query), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => resolveModel(query, {}), { code: 'ERR_INVALID_ARG_TYPE' });
  }
  for (const query of [{ scale: NaN }, { scale: Infinity }, { domain: 'x'.repeat(1e6) }]) {
    assert.throws(
      () => listModels(query),
      ({ code, message }) => code === 'ERR_INVALID_ARG_VALUE' && message.length < 300,
    );
  }
});

test('objects without fields of their own are no query for the default', () => {
  for (const model of [
    new Map(),
    new Date(),
    new (class Model {})(),
    new ArrayBuffer(8),
    Promise.resolve(),
  ]) {
    assert.throws(() => parseUpscalerOptions({ model }), { code: 'ERR_INVALID_ARG_TYPE' });
  }
});

test('a file: URL object names the file; other URLs are refused', () => {
  const file = path.resolve('models', 'a.onnx');
  assert.equal(resolveModel(pathToFileURL(file), {}).source.path, file);
  for (const model of [new URL('https://example.com/a.onnx'), new URL('data:,x'), new URL('ftp://a/b')]) {
    assert.throws(() => resolveModel(model, {}), { code: 'ERR_INVALID_ARG_VALUE' });
  }
  assert.throws(() => parseUpscalerOptions({ model: new URL('https://example.com/a.onnx') }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
});

test('a name of a million letters is not repeated', () => {
  for (const name of ['x'.repeat(1e6), `@x/${'y/'.repeat(1e5)}z`]) {
    assert.throws(
      () => resolveModel(name, {}),
      ({ code, message }) => code === 'ERR_UPSCALER_MODEL_NOT_FOUND' && message.length < 300,
    );
  }
});

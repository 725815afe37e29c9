'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { entries } = require('../lib/catalogue');
const { locate, notInstalled } = require('../lib/locate');
const {
  findByDefinition,
  findByName,
  findByQuery,
  findDefault,
  listModels,
  unknownName,
} = require('../lib/models');

const code = 'ERR_UPSCALER_MODEL_NOT_FOUND';

test('the list is narrowed by a query', () => {
  const all = listModels();
  assert.equal(all.length, entries.length);
  const four = listModels({ scale: 4 });
  assert.deepEqual(
    four.map(({ id }) => id),
    all.filter(({ scale }) => scale === 4).map(({ id }) => id),
  );
  assert.deepEqual(listModels({ scale: 5 }), []);
  assert.deepEqual(
    listModels({ noise: 2 }).map(({ id }) => id),
    ['denoise-2x-2'],
  );
});

test('users are shown what is theirs to know, and may change it', () => {
  const [entry] = listModels();
  assert.equal(entry.installed, true);
  for (const inner of ['file', 'default', 'embedded', 'committed', 'upscalerjs', 'weights', 'variant']) {
    assert.ok(!(inner in entry), inner);
  }
  entry.settings.featureChannels = -1;
  assert.notEqual(listModels()[0].settings.featureChannels, -1);
});

test('a query with a field that no entry has is a mistake', () => {
  assert.throws(() => listModels({ sclae: 2 }), { code: 'ERR_INVALID_ARG_TYPE', message: /"sclae"/ });
  assert.throws(() => listModels('span'), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('names: id, alias, verbose path, module; in any case', () => {
  for (const { id, aliases, path, module } of entries) {
    for (const name of [id, path, ...aliases, module, id.toUpperCase()])
      assert.equal(findByName(name).id, id, name);
  }
  assert.equal(findByName('span5'), undefined);
});

test("names of UpscalerJS's 0.x days", () => {
  const names = {
    'idealo/gans': 'gans-4x',
    'idealo/psnr-small': 'psnr-small-2x',
    'psnr-small': 'psnr-small-2x',
    psnr: 'psnr-small-2x',
    'div2k-2x': 'div2k-2x',
    'div2k/3x': 'div2k-3x',
    'div2k-4x': 'div2k-4x',
    'div2k/rdn-C3-D10-G64-G064-x2': 'div2k-2x',
    'div2k/rdn-C3-D10-G64-G064-x3': 'div2k-3x',
    'div2k/rdn-C3-D10-G64-G064-x4': 'div2k-4x',
  };
  for (const [name, id] of Object.entries(names)) assert.equal(findByName(name)?.id, id, name);
});

test('a family, a package or a name without its scale: the scale chooses', () => {
  const choices = [
    ['span', 4, 'span-4x'],
    ['esrgan-thick', 8, 'esrgan-thick-8x'],
    ['@upscalerjs/esrgan-thick', 4, 'esrgan-thick-4x'],
    ['@upscaler-node/esrgan-slim', 3, 'esrgan-slim-3x'],
    ['illustration', 3, 'illustration-3x'],
    ['div2k', 3, 'div2k-3x'],
    ['realesr-animevideov3', 2, 'illustration-2x'],
    ['real-esrgan', 3, 'illustration-3x'],
    ['maxim-denoising', 1, 'maxim-denoising'],
    ['span', undefined, 'span-2x'],
    ['denoise-2x', undefined, 'denoise-2x-1'],
  ];
  for (const [name, scale, id] of choices) assert.equal(findByName(name, scale).id, id, name);
});

test('a scale that a name does not come in is refused with those it does', () => {
  assert.throws(() => findByName('span', 3), { code, message: /span-2x \(scale 2\); span-4x \(scale 4\)/ });
  assert.throws(() => findByName('span-2x', 4), { code, message: /scale 4.*span-2x \(scale 2\)/ });
  assert.throws(() => findByName('@upscalerjs/esrgan-slim'), { code, message: /name one, or give a scale/ });
});

test('no name: the default, or the best of the wanted scale', () => {
  assert.equal(findDefault().id, 'span-2x');
  assert.equal(findDefault(4).id, 'span-4x');
  assert.equal(findDefault(3).scale, 3);
  assert.equal(findDefault(3).domain, 'photo');
  assert.throws(() => findDefault(16), { code, message: /scale 8/ });
});

test('the best match of a query', () => {
  const queries = [
    [{}, 'span-2x'],
    [{ scale: 4, domain: 'photo' }, 'span-4x'],
    [{ domain: 'anime', scale: 3 }, 'illustration-3x'],
    [{ domain: 'Illustration', size: 'thick' }, 'illustration-hq-4x'],
    [{ family: 'esrgan-medium', scale: 4 }, 'esrgan-medium-4x'],
    [{ domain: 'photo-restoration', scale: 2, noise: 3 }, 'denoise-2x-3'],
    [{ dataset: 'LOL' }, 'maxim-enhancement'],
    [{ quantization: 'uint8', scale: 3 }, 'div2k-3x'],
    [{ quantization: 'fp32' }, 'span-2x'],
  ];
  for (const [query, id] of queries) assert.equal(findByQuery(query).id, id, JSON.stringify(query));
});

test('nothing fits: the nearest, and what differs in each', () => {
  assert.throws(() => findByQuery({ scale: 5, domain: 'photo' }), {
    code,
    message: /Nearest: span-4x \(scale 4\); /,
  });
  assert.throws(() => findByQuery({ domain: 'illustration', scale: 8 }), {
    code,
    message: /Nearest: illustration-4x \(scale 4\); illustration-hq-4x \(scale 4\)/,
  });
  assert.throws(() => findByQuery({ channels: 7 }), { code, message: /channels 3/ });
});

test('there is no face model, and the error says why', () => {
  assert.throws(() => findByQuery({ domain: 'face', scale: 4 }), {
    code,
    message:
      /no face model: none is known whose weights have a free licence.*Nearest: photo-4x \(domain "photo-restoration"\)/,
  });
});

test('an unknown name is answered with those that look like it', () => {
  assert.match(unknownName('spam-2x').message, /Nearest: span-2x/);
  assert.match(unknownName('esrgan-thicc-4x').message, /Nearest: esrgan-thick-4x/);
});

test("definitions of UpscalerJS's packages and of ours are known", () => {
  const known = {
    '@upscalerjs/esrgan-legacy/div2k/3x': 'div2k-3x',
    '@upscalerjs/esrgan-thick/8x': 'esrgan-thick-8x',
    '@upscalerjs/default-model': 'esrgan-slim-2x',
  };
  for (const [name, id] of Object.entries(known)) assert.equal(findByDefinition(require(name)).id, id);
  assert.equal(findByDefinition(require('../models/real-esrgan/photo-4x.js')).id, 'photo-4x');
  assert.equal(findByDefinition({ path: 'a.onnx' }), undefined);
  assert.equal(findByDefinition({ _internals: { name: '@nobody/nothing', path: 'a.onnx' } }), undefined);
});

test('weights are looked for here, in our package, then in that of UpscalerJS', async (t) => {
  const app = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-'));
  const before = process.cwd();
  t.after(() => {
    process.chdir(before);
    fs.rmSync(app, { recursive: true });
  });
  process.chdir(app);
  const entry = {
    id: 'zebra-2x',
    family: 'zebra',
    file: 'dist/2x.onnx',
    package: '@upscaler-node/zebra',
    module: '@upscaler-node/zebra/2x',
    upscalerjs: ['@upscalerjs/zebra/2x'],
  };
  assert.equal(locate(entry), undefined);
  const { message } = notInstalled(entry);
  assert.ok(message.endsWith('npm install @upscaler-node/zebra'), message);

  write(
    'node_modules/@upscalerjs/zebra/package.json',
    '{"name":"@upscalerjs/zebra","exports":{"./2x":"./2x.js"}}',
  );
  write('node_modules/@upscalerjs/zebra/2x.js', '');
  assert.deepEqual(locate(entry), { module: '@upscalerjs/zebra/2x' });

  write('node_modules/@upscaler-node/zebra/package.json', '{"name":"@upscaler-node/zebra"}');
  assert.deepEqual(locate(entry), { module: '@upscalerjs/zebra/2x' }, 'ours has no weights');
  write('node_modules/@upscaler-node/zebra/dist/2x.onnx', '');
  assert.deepEqual(locate(entry), { module: '@upscaler-node/zebra/2x' });

  assert.deepEqual(Object.keys(locate(findByName('span-2x'))), ['folder']);
});

test('a clone without built weights is told how to build them', () => {
  const { message, code } = notInstalled(findByName('photo-hq-4x'));
  assert.equal(code, 'ERR_UPSCALER_MODEL_NOT_INSTALLED');
  assert.match(message, /npm run models -- real-esrgan-plus$/);
});

/**
 * @param {string} file
 * @param {string} text
 */
function write(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

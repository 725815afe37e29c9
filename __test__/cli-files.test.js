'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const sharp = require('sharp');
const { sizeOf } = require('../bin/batch/header');
const { findInputs } = require('../bin/batch/inputs');
const { namingFor, sizeLabel } = require('../bin/batch/naming');
const { plan } = require('../bin/batch/plan');
const { routeFor } = require('../bin/batch/route');
const { removeUnfinished, writeWhole } = require('../bin/batch/write');
const { UsageError } = require('../bin/arguments/usage-error');
const { POSIX, filesIn, temporaryFolder, touch } = require('./support/cli');

const ROOT = path.join(__dirname, '..');
const newFolder = temporaryFolder();

test('names of results', () => {
  const folder = newFolder();
  const fields = { scale: '2', size: '2x', model: 'span-2x' };
  const name = (file, options = {}, inFolder = '', context = { count: 1, fromStdin: false }) => {
    const { output, format } = namingFor(options, context)({ file, folder: inFolder }, fields);
    return [output, format];
  };
  assert.deepEqual(name('photo.jpg'), ['photo@2x.jpg', 'jpeg']);
  assert.deepEqual(name('a/b/Photo.JPG'), [path.join('a', 'b', 'Photo@2x.JPG'), 'jpeg']);
  assert.deepEqual(name('a.jpeg', { format: 'webp' }), ['a@2x.webp', 'webp']);
  assert.deepEqual(name('a.jpeg', { format: 'jpeg' }), ['a@2x.jpeg', 'jpeg']);
  assert.deepEqual(name('a.png', { format: 'jpeg' }), ['a@2x.jpg', 'jpeg']);
  assert.deepEqual(name('a.gif'), ['a@2x.png', 'png']);
  assert.deepEqual(name('a.bmp'), ['a@2x.png', 'png']);
  assert.deepEqual(name('noending'), ['noending@2x.png', 'png']);
  assert.deepEqual(name('.png'), ['.png@2x.png', 'png']);
  assert.deepEqual(name('a.b.tar.png'), ['a.b.tar@2x.png', 'png']);
  assert.deepEqual(name('a.png', { output: 'x.webp' }), ['x.webp', 'webp']);
  assert.deepEqual(name('a.png', { output: 'x.webp', format: 'png' }), ['x.webp', 'png']);
  assert.deepEqual(name('in/a.png', { output: folder }, 'sub'), [
    path.join(folder, 'sub', 'a@2x.png'),
    'png',
  ]);
  assert.deepEqual(name('a.png', { output: 'new/' }), [path.join('new', 'a@2x.png'), 'png']);
  assert.deepEqual(name('a.png', { output: 'new' }), [path.join('new', 'a@2x.png'), 'png']);
  assert.deepEqual(name('in/a.JPG', { output: 'o/{dir}/{name}-{model}-{scale}.{ext}' }, 'sub'), [
    path.join('o', 'sub', 'a-span-2x-2.JPG'),
    'jpeg',
  ]);
  assert.deepEqual(name('a.jpg', { output: '{name}.webp' }), ['a.webp', 'webp']);
  assert.deepEqual(name('a.jpg', { output: '{name}/' }), [path.join('a', 'a@2x.jpg'), 'jpeg']);
  assert.deepEqual(name('-', {}, '', { count: 1, fromStdin: true }), ['-', undefined]);
  assert.deepEqual(name('-', { output: 'out/' }), [path.join('out', 'stdin@2x.png'), 'png']);
});

test('outputs that cannot be meant', () => {
  const refused = (options, count, message) =>
    assert.throws(
      () =>
        namingFor(options, { count, fromStdin: false })(
          { file: 'a.png', folder: '' },
          { scale: '2', size: '2x', model: 'm' },
        ),
      (error) => error instanceof UsageError && (assert.match(error.message, message), true),
    );
  refused({ output: 'x.png' }, 2, /2 pictures cannot go to one file: -o x\.png. is a folder/);
  refused({ output: '-' }, 3, /3 pictures cannot go to standard output/);
  refused({ output: '{nam}.png' }, 1, /there is no \{nam\}; did you mean \{name\}\?/);
  refused({ output: '{name}@{scale}.png', width: 100 }, 2, /write \{size\}/);
  refused({ output: 'x.heic' }, 1, /\.heic is no format that can be written/);
});

test('what a size is called', () => {
  assert.equal(sizeLabel({}, 4), '4x');
  assert.equal(sizeLabel({ scale: 1.5 }, 2), '1.5x');
  assert.equal(sizeLabel({ width: 1920 }, 2), '1920w');
  assert.equal(sizeLabel({ height: 1080 }, 2), '1080h');
  assert.equal(sizeLabel({ width: 1920, height: 1080 }, 2), '1920x1080');
});

test('a plan says what stands in the way before anything is done', POSIX, async () => {
  const folder = touch(newFolder(), ['a.png', 'a.jpg', 'b.png', 'b@2x.png', 'c.png', 'file']);
  const at = (name) => path.join(folder, name);
  const { inputs } = await findInputs(['a.png', 'a.jpg', 'b.png', 'c.png'].map(at), {});
  const to = (target) => (input) => ({ output: target(path.parse(input.file)), format: 'png' });
  const beside = to(({ dir, name }) => path.join(dir, `${name}@2x.png`));
  const states = (jobs) =>
    jobs.map(({ state, reason }) => (reason === undefined ? state : reason.replaceAll(folder, '.')));

  const [first, second, existing, free] = states(plan(inputs, beside, {}));
  assert.equal(first, 'ready');
  assert.match(second, /a@2x\.png is where .*a\.png goes: tell them apart with -o/);
  assert.match(existing, /b@2x\.png exists: --overwrite replaces it, --skip-existing leaves it/);
  assert.equal(free, 'ready');
  assert.equal(plan(inputs, beside, { skipExisting: true })[2].state, 'exists');
  assert.equal(plan(inputs, beside, { overwrite: true })[2].state, 'ready');

  const itself = to(({ dir, base }) => path.join(dir, base));
  assert.match(states(plan(inputs, itself, {}))[0], /would replace the picture itself/);
  assert.equal(plan(inputs, itself, { overwrite: true })[0].state, 'ready');
  const another = to(() => at('c.png'));
  assert.match(
    states(plan(inputs, another, { overwrite: true }))[0],
    /c\.png is a picture to be upscaled too/,
  );

  assert.match(
    states(
      plan(
        inputs,
        to(() => at('file/x.png')),
        {},
      ),
    )[0],
    /file is no folder/,
  );
  assert.match(
    states(
      plan(
        inputs,
        to(() => folder),
        { overwrite: true },
      ),
    )[0],
    /is a folder/,
  );
  assert.equal(
    plan(
      inputs,
      to(() => at('new/er/x.png')),
      {},
    )[0].state,
    'ready',
  );
  const long = to(() => at(`${'ä'.repeat(126)}.png`));
  assert.match(states(plan(inputs, long, {}))[0], /has 256 bytes and file systems allow 255/);
});

test('a link and its target are one file', POSIX, async () => {
  const folder = touch(newFolder(), ['a.png', 'b.png']);
  fs.symlinkSync('a.png', path.join(folder, 'link.png'));
  fs.linkSync(path.join(folder, 'a.png'), path.join(folder, 'hard.png'));
  const { inputs } = await findInputs([path.join(folder, 'a.png')], {});
  for (const name of ['link.png', 'hard.png']) {
    const [job] = plan(inputs, () => ({ output: path.join(folder, name), format: 'png' }), {});
    assert.match(job.reason, /would replace the picture itself/, name);
  }
});

test('sizes from headers are those that sharp reads', async () => {
  const source = { create: { width: 301, height: 177, channels: 3, background: '#369' } };
  const made = [
    sharp(source).png(),
    sharp(source).jpeg(),
    sharp(source)
      .jpeg({ progressive: true })
      .withExif({ IFD0: { Copyright: 'x'.repeat(2000) } }),
    sharp(source).webp(),
    sharp(source).webp({ lossless: true }),
    sharp(source)
      .webp()
      .withExif({ IFD0: { Copyright: 'x' } }),
    sharp(source).gif(),
    sharp(source).tiff({ compression: 'none' }),
    sharp(source).tiff({ compression: 'lzw', bigtiff: false }),
    ...[2, 5, 6, 8].map((orientation) => sharp(source).jpeg().withMetadata({ orientation })),
  ];
  for (const pipeline of made) {
    const file = await pipeline.toBuffer();
    const { autoOrient } = await sharp(file).metadata();
    const { width, height } = autoOrient;
    assert.deepEqual(sizeOf(file), { width, height });
    for (const length of [0, 3, 8]) assert.equal(sizeOf(file.subarray(0, length)), undefined);
    for (let length = 9; length < 400; length++) sizeOf(file.subarray(0, length));
  }
  assert.equal(sizeOf(Buffer.from('nonsense, and enough of it to be read')), undefined);
});

test('a family gives each picture the model that reaches its size at once', () => {
  const picked = (model, wanted, size) => routeFor(model, wanted).pick(size);
  assert.equal(picked('esrgan-slim', { scale: 4 }), 'esrgan-slim-4x');
  assert.equal(picked('esrgan-slim', { scale: 3 }), 'esrgan-slim-3x');
  assert.equal(picked('esrgan-slim', { scale: 5 }), 'esrgan-slim-8x');
  assert.equal(picked('esrgan-slim', { scale: 16 }), 'esrgan-slim-8x');
  assert.equal(picked('esrgan-slim', { scale: 0.5 }), 'esrgan-slim-2x');
  assert.equal(picked('esrgan-slim', {}), 'esrgan-slim-2x');
  assert.equal(picked('@upscalerjs/esrgan-thick', { scale: 4 }), 'esrgan-thick-4x');
  assert.equal(picked('realesr-animevideov3', {}), 'illustration-4x');
  assert.equal(picked('esrgan-slim', { width: 400 }, { width: 100, height: 100 }), 'esrgan-slim-4x');
  assert.equal(
    picked('esrgan-slim', { width: 150, height: 790 }, { width: 100, height: 100 }),
    'esrgan-slim-8x',
  );
  assert.equal(picked('esrgan-slim', { width: 50 }, { width: 100, height: 100 }), 'esrgan-slim-2x');
  assert.equal(picked('span-2x', { scale: 4 }), 'span-2x', 'a model that is named is that model');
  assert.match(
    routeFor('span-2x', { scale: 4 }).note,
    /span-2x upscales 2x, so it runs twice for 4x; span-4x reaches it at once/,
  );
  assert.equal(routeFor('span-4x', { scale: 4 }).note, undefined);
  assert.equal(picked(undefined, { scale: 4 }), undefined);
  assert.equal(routeFor('./my model/é+.onnx', {}).label, 'é-');
});

test('a file is written whole or not at all', POSIX, async () => {
  const folder = newFolder();
  const file = path.join(folder, 'x.bin');
  await writeWhole(file, Buffer.from('first'));
  await assert.rejects(writeWhole(file, Buffer.from('second')), { code: 'EEXIST' });
  assert.equal(fs.readFileSync(file, 'utf8'), 'first');
  fs.chmodSync(file, 0o640);
  await writeWhole(file, Buffer.from('second'), { overwrite: true });
  assert.equal(fs.readFileSync(file, 'utf8'), 'second');
  assert.equal(fs.statSync(file).mode & 0o777, 0o640);

  const link = path.join(folder, 'link.bin');
  fs.symlinkSync('x.bin', link);
  await writeWhole(link, Buffer.from('third'), { overwrite: true });
  assert.ok(fs.lstatSync(link).isSymbolicLink());
  assert.equal(fs.readFileSync(file, 'utf8'), 'third');

  await assert.rejects(writeWhole(path.join(folder, 'gone', 'x'), Buffer.from('')), { code: 'ENOENT' });
  await assert.rejects(writeWhole(path.join(folder, 'ä'.repeat(128)), Buffer.from('')), {
    code: 'ENAMETOOLONG',
  });
  await assert.rejects(writeWhole(file, /** @type {any} */ (17), { overwrite: true }), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
  assert.deepEqual(filesIn(folder), ['link.bin', 'x.bin'], 'nothing is left behind');
});

test('what a killed process left beside a result is in nobody’s way, and nobody’s to remove', async (t) => {
  const folder = newFolder();
  const left = Array.from({ length: 200 }, (_, i) => `.upscaler-node-${process.pid}-${i}.tmp`);
  touch(folder, left);
  await writeWhole(path.join(folder, 'x.bin'), Buffer.from('x'));
  assert.deepEqual(filesIn(folder), [...left, 'x.bin'].sort());

  const { openSync, closeSync } = fs;
  /** @type {string | undefined} */
  let another;
  t.mock.method(fs, 'openSync', (file, flags) => {
    another = file;
    closeSync(openSync(file, 'wx'));
    return openSync(file, flags);
  });
  await assert.rejects(writeWhole(path.join(folder, 'y.bin'), Buffer.from('y')), { code: 'EEXIST' });
  removeUnfinished();
  assert.ok(another !== undefined && fs.existsSync(another), 'another process’s file stays');
});

test(
  'what is no regular file is written to, not replaced',
  { skip: process.platform === 'win32' },
  async () => {
    await writeWhole('/dev/null', Buffer.from('x'));
    assert.ok(fs.statSync('/dev/null').isCharacterDevice());
    if (process.platform !== 'linux') return;
    await assert.rejects(writeWhole('/dev/full', Buffer.from('x'), { overwrite: true }), { code: 'ENOSPC' });
    assert.ok(fs.statSync('/dev/full').isCharacterDevice());
  },
);

test('the program needs no other package', () => {
  const { files } = require('../package.json');
  assert.ok(files.includes('bin'), 'the program is part of the package');
  for (const file of filesIn(path.join(ROOT, 'bin')).filter((name) => name.endsWith('.js'))) {
    const source = fs.readFileSync(path.join(ROOT, 'bin', file), 'utf8');
    const required = [...source.matchAll(/require\('([^.'][^']*)'\)/g)].map(([, name]) => name);
    assert.deepEqual(
      required.filter((name) => !name.startsWith('node:')),
      [],
      `${file} needs a package`,
    );
  }
});

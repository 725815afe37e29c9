'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const sharp = require('sharp');
const { entries } = require('../lib/catalogue');
const { lanczos } = require('../bin/compare/lanczos');
const { CELL, CHARACTERS } = require('../bin/compare/glyphs');
const { POSIX, cli, filesIn, temporaryFolder } = require('./support/cli');
const { IMAGES, NEAREST, largestDifference, photo } = require('./support/pixels');

const ROOT = path.join(__dirname, '..');
const newFolder = temporaryFolder();

test('models: all, by words, by scale, for programs', async () => {
  const ids = async (...args) => {
    const { code, stdout } = await cli(['models', '--json', ...args]);
    assert.equal(code, 0);
    return JSON.parse(stdout).map(({ id }) => id);
  };
  assert.deepEqual(
    await ids(),
    entries.map(({ id }) => id),
  );
  assert.deepEqual(await ids('anime', '4x'), ['illustration-4x', 'illustration-hq-4x']);
  assert.deepEqual(await ids('--scale', '8'), ['esrgan-thick-8x', 'esrgan-medium-8x', 'esrgan-slim-8x']);
  assert.ok((await ids('--installed')).includes('span-2x'));
  const { stdout } = await cli(['models', 'span']);
  assert.match(stdout, /^model +for +speed +Set5 dB +file +licence +here\nspan-2x +2x +photo +1 +38\.07/);
  const none = await cli(['models', 'xyzzy']);
  assert.equal(none.code, 1);
  assert.match(none.stdout, /No model fits\. They are for: photo, /);
});

test('info is about models, and says so of a picture', async () => {
  const { code, stderr } = await cli(['info', 'photo.jpg']);
  assert.equal(code, 2);
  assert.match(stderr, /info is about models and photo\.jpg is a picture/);
});

test('convert replaces nothing, and makes the folder that it needs', async () => {
  const folder = newFolder();
  const target = path.join('models', 'nearest.onnx');
  const made = await cli(['convert', NEAREST, '-o', target], { cwd: folder });
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, /nearest\.onnx: \d+ bytes\n$/);
  const before = fs.readFileSync(path.join(folder, target));
  const again = await cli(['convert', NEAREST, '-o', target], { cwd: folder });
  assert.equal(again.code, 1);
  assert.match(again.stderr, /exists: --overwrite replaces it/);
  const piped = await cli(['convert', NEAREST, '-o', '-', '--quiet'], { cwd: folder });
  assert.deepEqual(piped.bytes, before);
  assert.deepEqual(filesIn(folder), [target]);
  const nowhere = await cli(['convert', NEAREST], { cwd: folder });
  assert.equal(nowhere.code, 2);
});

test('doctor: what is here, and that nothing is wrong', async () => {
  const { code, stdout } = await cli(['doctor', '--json']);
  const { facts, findings } = JSON.parse(stdout);
  assert.deepEqual(findings, []);
  assert.equal(code, 0);
  assert.equal(facts['upscaler-node'], require('../package.json').version);
  assert.ok(facts.node.startsWith(process.version));
  assert.ok(facts.platform.startsWith(`${process.platform}-${process.arch}`));
  assert.match(facts['ONNX Runtime'], /^\d+\.\d+$/);
  assert.match(facts['trial picture'], /^right/);
  assert.match(facts.models.join(), /span-2x/);
  if (process.platform === 'linux') {
    const { glibcVersionRuntime } = process.report.getReport().header;
    assert.ok(facts.platform.endsWith(`glibc ${glibcVersionRuntime}`));
    const flags = new Set(
      fs
        .readFileSync('/proc/cpuinfo', 'utf8')
        .match(/^(flags|Features)\s*:.*$/m)[0]
        .split(/\s+/),
    );
    for (const feature of facts.processor.split(': ')[1].split(' ')) assert.ok(flags.has(feature), feature);
  }
});

test('doctor: a cache that others can write to is told of', POSIX, async () => {
  const folder = newFolder();
  const findings = async (mode) => {
    fs.chmodSync(folder, mode);
    const { code, stdout } = await cli(['doctor', '--json'], { env: { UPSCALER_NODE_CACHE: folder } });
    assert.equal(code, 0);
    return JSON.parse(stdout).findings.map(({ severity, text }) => [severity, /others can write/.test(text)]);
  };
  assert.deepEqual(await findings(0o700), []);
  assert.deepEqual(await findings(0o777), [['note', true]]);
});

/** The package as it is installed, with a part of it broken. */
async function broken(change) {
  const folder = path.join(newFolder(), 'upscaler-node');
  fs.mkdirSync(folder);
  const kept = ['package.json', 'index.js', 'lib', 'bin', 'models/span', 'models/waifu2x-photo'];
  for (const name of kept) fs.cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  const native = fs.readdirSync(ROOT).filter((name) => /\.(node|so|dylib|dll)$/.test(name));
  for (const name of native) fs.copyFileSync(path.join(ROOT, name), path.join(folder, name));
  change(folder, native);
  const command = [process.execPath, path.join(folder, 'bin', 'upscaler-node.js'), 'doctor'];
  const { code, stdout, stderr } = await cli([], { command, cwd: folder });
  assert.equal(stderr, '');
  assert.equal(code, 1, stdout);
  return stdout;
}

test('doctor: what is wrong is found', { skip: process.platform !== 'linux' }, async (t) => {
  const cut = (folder, name, bytes) => {
    const file = path.join(folder, name);
    const whole = fs.readFileSync(file);
    fs.rmSync(file);
    fs.writeFileSync(file, whole.subarray(0, bytes));
  };
  await t.test('no addon', async () => {
    const said = await broken((folder, native) =>
      native.forEach((name) => fs.rmSync(path.join(folder, name))),
    );
    assert.match(
      said,
      /wrong +the addon is not installed: npm install --include=optional @upscaler-node\/linux-/,
    );
  });
  await t.test('a library that is cut short', async () => {
    const said = await broken((folder, native) =>
      cut(
        folder,
        native.find((name) => name.endsWith('.so')),
        1e6,
      ),
    );
    assert.match(said, /wrong +\S+\.so: the file is cut short: 1000000 of \d+ bytes/);
    assert.match(said, /trial picture +failed/);
  });
  await t.test('an addon that is cut short', async () => {
    const said = await broken((folder, native) =>
      cut(
        folder,
        native.find((name) => name.endsWith('.node')),
        5e6,
      ),
    );
    assert.match(said, /wrong +\S+\.node: the file is cut short/);
  });
  await t.test('weights that are not the published ones', async () => {
    const said = await broken((folder) => fs.appendFileSync(path.join(folder, 'models/span/4x.onnx'), 'x'));
    assert.match(said, /wrong +model span-4x: .*4x\.onnx is not the file that the catalogue knows/);
  });
});

test("Lanczos is Pillow's", () => {
  const { input, output } = require('./fixtures/lanczos.json');
  const { data } = lanczos({ ...input, channels: 3 }, output.width, output.height);
  // Pillow rounds, and clips, between the two directions: the picture keeps away from black and white.
  assert.ok(largestDifference(data, output.data) <= 1, `${largestDifference(data, output.data)}`);
});

test('compare: a sheet that holds the same part through each model', async () => {
  const folder = newFolder();
  const input = path.join(IMAGES, 'chelsea.png');
  const args = [
    'compare',
    input,
    '--crop',
    '100,60,40,30',
    '--models',
    `${NEAREST},span-2x,nothing-2x`,
    '-s',
    '2',
  ];
  const { code, stdout, stderr } = await cli([...args, '-o', 'sheet.png', '--json'], { cwd: folder });
  assert.equal(code, 1, 'one of the models is none');
  const told = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    told.map(({ model, error }) => error?.code ?? model),
    [NEAREST, 'span-2x', 'ERR_UPSCALER_MODEL_NOT_FOUND'],
    stderr,
  );
  assert.deepEqual(filesIn(folder), ['sheet.png']);
  // Somewhere on the sheet there is the part with each of its pixels doubled.
  const sheet = await sharp(path.join(folder, 'sheet.png')).raw().toBuffer({ resolveWithObject: true });
  const part = await photo('chelsea.png', { left: 100, top: 60, width: 40, height: 30 });
  const isThere = (left, top) => {
    for (let y = 0; y < 60; y++) {
      for (let x = 0; x < 80 * 3; x++) {
        const source = (Math.floor(y / 2) * 40 + Math.floor(x / 6)) * 3 + (x % 3);
        if (sheet.data[((top + y) * sheet.info.width + left) * 3 + x] !== part.data[source]) return false;
      }
    }
    return true;
  };
  const found = [];
  for (let top = 0; top + 60 <= sheet.info.height; top++) {
    for (let left = 0; left + 80 <= sheet.info.width; left++) if (isThere(left, top)) found.push([left, top]);
  }
  assert.equal(found.length, 1);
});

test('compare: a page with all of it inside', POSIX, async () => {
  const folder = newFolder();
  fs.copyFileSync(path.join(IMAGES, 'rocket.jpg'), path.join(folder, 'a <b>.jpg'));
  const { code, stderr } = await cli(
    ['compare', 'a <b>.jpg', '--models', NEAREST, '--crop', '0,0,20,10', '-o', 'p.html'],
    { cwd: folder },
  );
  assert.equal(code, 0, stderr);
  const page = fs.readFileSync(path.join(folder, 'p.html'), 'utf8');
  assert.doesNotMatch(page, /<b>\.jpg|<script|https?:/);
  const pictures = [...page.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map(([, data]) =>
    Buffer.from(data, 'base64'),
  );
  assert.equal(pictures.length, 2);
  for (const picture of pictures) {
    const { width, height } = await sharp(picture).metadata();
    assert.deepEqual({ width, height }, { width: 40, height: 20 });
  }
});

test('compare: what cannot be meant', async () => {
  const picture = path.join(IMAGES, 'rocket.jpg');
  for (const [args, message] of [
    [['--crop', '0,0,9999,10'], /is not within the picture's 640 × 427/],
    [['--crop', '1,2,3'], /--crop wants x,y,w,h/],
    [['-o', 'x.doc'], /a sheet is a picture .* or a page/],
  ]) {
    const { code, stderr } = await cli(['compare', picture, '--models', NEAREST, ...args], {
      cwd: newFolder(),
    });
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
});

test('the characters of labels are all there, and each looks different', async () => {
  const { data, info } = await sharp(path.join(ROOT, 'bin/compare/glyphs.png'))
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const columns = info.width / CELL.width;
  const glyphs = [...CHARACTERS].map((_, i) => {
    const [x, y] = [(i % columns) * CELL.width, Math.floor(i / columns) * CELL.height];
    const rows = Array.from({ length: CELL.height }, (_, row) =>
      data.subarray((y + row) * info.width + x, (y + row) * info.width + x + CELL.width).toString('hex'),
    );
    return rows.join();
  });
  assert.equal(new Set(glyphs).size, CHARACTERS.length);
});

test('bench: figures for programs, and a model that is none', async () => {
  const { code, stdout } = await cli(
    ['bench', NEAREST, 'nothing-2x', '--sizes', '16,32', '--runs', '2', '--json'],
    { cwd: ROOT },
  );
  assert.equal(code, 1);
  const told = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    told.map(({ subject, side, scale, error }) => [
      path.basename(subject),
      side,
      error === undefined ? scale : 'failed',
    ]),
    [
      ['nearest-2x.param', 16, 2],
      ['nearest-2x.param', 32, 2],
      ['nothing-2x', 16, 'failed'],
      ['sharp', 16, 2],
      ['sharp', 32, 2],
    ],
  );
  for (const { error, medianMs, fastestMs, peakBytes } of told) {
    if (error === undefined) assert.ok(fastestMs > 0 && medianMs >= fastestMs && peakBytes > 1e6);
  }
  const wrong = await cli(['bench', '--sizes', '5']);
  assert.equal(wrong.code, 2);
});

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { before, test } = require('node:test');
const sharp = require('sharp');
const { Networks } = require('../bin/batch/networks');
const { routeFor } = require('../bin/batch/route');
const { runBatch } = require('../bin/batch/run');
const { cli, filesIn, start, temporaryFolder } = require('./support/cli');
const { NEAREST } = require('./support/pixels');

/** What the program does with pictures: each time the program itself, in a process of its own. */

const newFolder = temporaryFolder();
/** Small, and each of another colour, so that no result can be taken for another's. */
const SIZE = { width: 12, height: 10 };
const COLOURS = { red: '#f00000', green: '#00f000', blue: '#0000f0' };
/** @type {Record<string, Buffer>} */
const pngs = {};

before(async () => {
  for (const [name, background] of Object.entries(COLOURS)) {
    pngs[name] = await sharp({ create: { ...SIZE, channels: 3, background } })
      .png()
      .toBuffer();
  }
});

/** @param {Record<string, Buffer | string>} files */
function folderWith(files) {
  const folder = newFolder();
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

/** @param {string | Buffer} file */
async function look(file) {
  const { format, width, height } = await sharp(file).metadata();
  const { data } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const [r, g, b] = data;
  const colour = ['red', 'green', 'blue'][[r, g, b].indexOf(Math.max(r, g, b))];
  return `${format} ${width}x${height} ${colour}`;
}

const doubled = (folder, ...args) => cli(['-m', NEAREST, ...args], { cwd: folder });

test('one picture, with nothing else said: the result lies beside it', async () => {
  const folder = folderWith({ 'photo.png': pngs.red });
  const { code, stdout, stderr } = await cli(['photo.png'], { cwd: folder });
  assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
  assert.match(
    stderr,
    /^photo\.png → photo@2x\.png {2}24 x 20, span-2x, .*s, 100 % of it upscaled as letters and line art\n$/,
  );
  assert.equal(await look(path.join(folder, 'photo@2x.png')), 'png 24x20 red');
});

test('files, a folder and a glob at once, into a folder that is not there yet', async () => {
  const jpeg = await sharp(pngs.blue).jpeg().toBuffer();
  const folder = folderWith({
    'a.png': pngs.red,
    'in/b.png': pngs.green,
    'in/deep/c d.png': pngs.blue,
    'ü.JPG': jpeg,
    '-dash.png': pngs.green,
  });
  const { code, stderr } = await doubled(
    folder,
    '-r',
    '-o',
    'new/er/',
    '--json',
    '--',
    '-dash.png',
    'a.png',
    'in',
    '?.JPG',
  );
  assert.equal(code, 0, stderr);
  const results = ['-dash@2x.png', 'a@2x.png', 'b@2x.png', 'deep/c d@2x.png', 'ü@2x.JPG'];
  assert.deepEqual(filesIn(path.join(folder, 'new', 'er')), results);
  const looks = await Promise.all(results.map((name) => look(path.join(folder, 'new', 'er', name))));
  assert.deepEqual(looks, [
    'png 24x20 green',
    'png 24x20 red',
    'png 24x20 green',
    'png 24x20 blue',
    'jpeg 24x20 blue',
  ]);
});

test('one bad picture does not stop the others, and is told of at the end', async () => {
  const folder = folderWith({ 'a.png': pngs.red, 'b.png': 'no picture', 'c.png': pngs.blue });
  const { code, stdout, stderr } = await doubled(folder, 'a.png', 'b.png', 'gone.png', 'c.png', '--json');
  assert.equal(code, 1);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const told = Object.fromEntries(lines.map(({ input, status, error }) => [input, error?.code ?? status]));
  assert.deepEqual(told, {
    'a.png': 'written',
    'b.png': 'ERR_UPSCALER_UNSUPPORTED_FORMAT',
    'c.png': 'written',
    'gone.png': 'ENOENT',
  });
  const { durationMs, size, model, guarded, drawn, ...rest } = lines.find(({ input }) => input === 'a.png');
  assert.deepEqual(rest, {
    input: 'a.png',
    output: 'a@2x.png',
    status: 'written',
    width: 24,
    height: 20,
    format: 'png',
  });
  assert.equal(size, fs.statSync(path.join(folder, 'a@2x.png')).size);
  assert.ok(durationMs > 0);
  assert.match(
    stderr,
    /2 pictures written in .*, 2 failed:\n {2}gone\.png: no such file\n {2}b\.png: Expected .*\n$/,
  );
  assert.deepEqual(filesIn(folder), ['a.png', 'a@2x.png', 'b.png', 'c.png', 'c@2x.png']);
});

test('two containers write into one folder', async () => {
  const names = Array.from({ length: 30 }, (_, i) => `${i}.png`);
  const folder = folderWith({
    ...Object.fromEntries(names.map((name) => [`in/a${name}`, pngs.red])),
    ...Object.fromEntries(names.map((name) => [`in/b${name}`, pngs.blue])),
    // In each container the program may be the first process.
    'first.js': "Object.defineProperty(process, 'pid', { value: 1 });",
  });
  const env = { NODE_OPTIONS: '--require ./first.js' };
  const ended = await Promise.all(
    ['a', 'b'].map((prefix) =>
      cli([`in/${prefix}*.png`, '-o', 'out/', '-m', NEAREST, '--quiet'], { cwd: folder, env }),
    ),
  );
  for (const { code, stderr } of ended) assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  const results = names.flatMap((name) => ['a', 'b'].map((prefix) => `${prefix}${name}`));
  assert.deepEqual(
    filesIn(path.join(folder, 'out')),
    results.map((name) => name.replace('.png', '@2x.png')).sort(),
  );
});

test('nothing that exists is replaced, unless that is asked for', async () => {
  const folder = folderWith({ 'a.png': pngs.red, 'a@2x.png': 'precious', 'b.png': pngs.blue });
  const read = () => fs.readFileSync(path.join(folder, 'a@2x.png'));
  const refused = await doubled(folder, 'a.png', 'b.png');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /a@2x\.png exists: --overwrite replaces it, --skip-existing leaves it/);
  assert.equal(read().toString(), 'precious');

  const skipped = await doubled(folder, 'a.png', 'b.png', '--skip-existing');
  assert.equal(skipped.code, 0, skipped.stderr);
  assert.match(skipped.stderr, /0 pictures written, 2 there already/);
  assert.equal(read().toString(), 'precious');

  const replaced = await doubled(folder, 'a.png', '--overwrite');
  assert.equal(replaced.code, 0);
  assert.equal(await look(read()), 'png 24x20 red');
});

test('a picture is not replaced by its own result, nor by that of another', async () => {
  const folder = folderWith({ 'a.png': pngs.red, 'b.png': pngs.blue });
  const own = await doubled(folder, 'a.png', '-o', './a.png');
  assert.equal(own.code, 1);
  assert.match(own.stderr, /would replace the picture itself/);
  const other = await doubled(folder, 'a.png', 'b.png', '-o', '{name}.png', '--overwrite');
  assert.equal(other.code, 0, 'each by its own, as was asked for');
  assert.equal(await look(path.join(folder, 'b.png')), 'png 24x20 blue');
});

test('two pictures with one name for their results: the second is told of', async () => {
  const jpeg = await sharp(pngs.blue).jpeg().toBuffer();
  const folder = folderWith({ 'a.png': pngs.red, 'a.jpg': jpeg });
  const { code, stderr } = await doubled(folder, 'a.png', 'a.jpg', '-f', 'png');
  assert.equal(code, 1);
  assert.match(stderr, /a\.jpg: a@2x\.png is where a\.png goes: tell them apart with -o/);
  assert.equal(await look(path.join(folder, 'a@2x.png')), 'png 24x20 red');
  const apart = await doubled(folder, 'a.png', 'a.jpg', '-o', 'out/{name}-{ext}@{scale}.png');
  assert.equal(apart.code, 0, apart.stderr);
  assert.deepEqual(filesIn(path.join(folder, 'out')), ['a-jpg@2.png', 'a-png@2.png']);
});

test('standard input and output', async () => {
  const piped = await cli(['-', '-m', NEAREST], { input: pngs.green });
  assert.equal(piped.code, 0, piped.stderr);
  assert.equal(await look(piped.bytes), 'png 24x20 green');
  const folder = folderWith({ 'a.png': pngs.red });
  const toStdout = await doubled(folder, 'a.png', '-o', '-', '-f', 'webp', '--quiet');
  assert.equal(await look(toStdout.bytes), 'webp 24x20 red');
  assert.equal(toStdout.stderr, '');
  const fromStdin = await cli(['-', '-o', 'x.png', '-m', NEAREST], { cwd: folder, input: pngs.blue });
  assert.equal(fromStdin.code, 0, fromStdin.stderr);
  assert.equal(await look(path.join(folder, 'x.png')), 'png 24x20 blue');
  const empty = await cli(['-', '-m', NEAREST], {});
  assert.equal(empty.code, 1);
  assert.match(empty.stderr, /standard input: /);
});

test('the options reach the library', async () => {
  const alpha = await sharp({ create: { ...SIZE, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
    .png()
    .toBuffer();
  const deep = await sharp(new Uint16Array(SIZE.width * SIZE.height * 3).fill(40000), {
    raw: { ...SIZE, channels: 3 },
  })
    .toColourspace('rgb16')
    .png()
    .toBuffer();
  const folder = folderWith({ 'alpha.png': alpha, 'deep.png': deep, 'a.png': pngs.red });
  const made = async (...args) => {
    const { code, stderr } = await doubled(folder, ...args, '--overwrite');
    assert.equal(code, 0, stderr);
    return sharp(path.join(folder, args[args.indexOf('-o') + 1])).metadata();
  };
  const flat = await made('alpha.png', '--alpha', 'remove', '--background', '#00f000', '-o', 'flat.png');
  assert.equal(flat.hasAlpha, false);
  assert.equal(await look(path.join(folder, 'flat.png')), 'png 24x20 green');
  assert.equal((await made('deep.png', '-o', 'd16.png')).depth, 'ushort');
  assert.equal((await made('deep.png', '--depth', '8', '-o', 'd8.png')).depth, 'uchar');
  const fitted = await made('a.png', '--width', '30', '--height', '30', '--fit', 'contain', '-o', 'fit.png');
  assert.deepEqual([fitted.width, fitted.height], [30, 30]);
  await made('a.png', '-q', '5', '-o', 'q5.jpg');
  await made('a.png', '-q', '100', '-o', 'q100.jpg');
  assert.ok(fs.statSync(path.join(folder, 'q5.jpg')).size < fs.statSync(path.join(folder, 'q100.jpg')).size);
  fs.writeFileSync(
    path.join(folder, 'c.json'),
    JSON.stringify({ format: 'tiff', scale: 3, overwrite: true }),
  );
  const configured = await doubled(folder, 'a.png', '--config', 'c.json', '-s', '2');
  assert.equal(configured.code, 0, configured.stderr);
  assert.equal(await look(path.join(folder, 'a@2x.tiff')), 'tiff 24x20 red');
});

test('limits are named as the command line has them', async () => {
  const folder = folderWith({ 'a.png': pngs.red });
  for (const [option, value] of Object.entries({ '--max-pixels': '119', '--max-output-pixels': '479' })) {
    const { code, stderr } = await doubled(folder, 'a.png', option, value);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`\\(${option}\\)`));
  }
  const { code, stderr } = await doubled(
    folder,
    'a.png',
    '--max-pixels',
    '120',
    '--max-output-pixels',
    '480',
  );
  assert.equal(code, 0, stderr);
});

test('a picture that is made smaller needs no network, and that is said', async () => {
  const folder = folderWith({ 'a.png': pngs.red });
  const { code, stdout, stderr } = await cli(['a.png', '--width', '6', '--json'], { cwd: folder });
  assert.equal(code, 0);
  assert.match(stderr, /a\.png → a@6w\.png {2}6 x 5, made smaller, which needs no network/);
  assert.equal(JSON.parse(stdout).model, null);
});

test('a model with a scale: the one of its family that reaches it', async () => {
  const folder = folderWith({ 'a.png': pngs.red });
  const { code, stdout, stderr } = await cli(['a.png', '-m', 'span', '-s', '4', '--json'], { cwd: folder });
  assert.equal(code, 0, stderr);
  const { model, width, output } = JSON.parse(stdout);
  assert.deepEqual({ model, width, output }, { model: 'span-4x', width: 48, output: 'a@4x.png' });
});

test('neighbours overlap, no more at a time than was said, and a model is loaded once', async () => {
  const names = ['a.png', 'b.png', 'c.png', 'd.png', 'e.png'];
  const folder = folderWith(Object.fromEntries(names.map((name) => [name, pngs.red])));
  const jobs = names.map((name) => ({
    input: { file: path.join(folder, name), folder: '', named: true, bytes: 1 },
    output: path.join(folder, `${name}.big.png`),
    format: 'png',
    state: /** @type {const} */ ('ready'),
  }));
  const { signal } = new AbortController();
  const networks = new Networks({}, signal);
  const [begun, ended] = [new Set(), new Set()];
  let most = 0;
  const listener = {
    onStart: (job) => {
      begun.add(job);
      most = Math.max(most, begun.size - ended.size);
    },
    onProgress: () => {},
    onWritten: (job) => void ended.add(job),
    onFailed: (_, error) => assert.ifError(error),
  };
  const route = routeFor(NEAREST, {});
  const settings = { options: {}, overwrite: false, concurrency: 2, signal };
  assert.equal(await runBatch(jobs, { route, networks }, settings, listener), undefined);
  assert.deepEqual([begun.size, ended.size, most], [5, 5, 2]);
  assert.equal(networks.get(route.pick()), networks.get(route.pick()));
  await networks.dispose();
});

test('--dry-run says what would be done and does none of it', async () => {
  const folder = folderWith({ 'a.png': pngs.red, 'b.png': pngs.blue, 'b@2x.png': 'x' });
  const { code, stdout, stderr } = await doubled(folder, 'a.png', 'b.png', '-n', '--json', '--skip-existing');
  assert.equal(code, 0, stderr);
  const told = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(told.map(({ output, status }) => [output, status]).sort(), [
    ['a@2x.png', 'planned'],
    ['b@2x.png', 'exists'],
  ]);
  assert.deepEqual(filesIn(folder), ['a.png', 'b.png', 'b@2x.png']);
});

test('a model that is none fails the whole at once, and says what was meant', async () => {
  const folder = folderWith({ 'a.png': pngs.red, 'b.png': pngs.red });
  const anime = await cli(['a.png', 'b.png', '-m', 'anime'], { cwd: folder });
  assert.equal(anime.code, 1);
  assert.match(anime.stderr, /^upscaler-node: No model is called "anime".*Nearest: illustration-2x/);
  assert.equal(anime.stderr.trim().split('\n').length, 1);
  const gone = await cli(['a.png', '-m', './gone.onnx'], { cwd: folder });
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /gone\.onnx/);
});

test('questions that contradict each other', async () => {
  const folder = folderWith({ 'a.png': pngs.red });
  for (const [args, message] of [
    [['-s', '2', '--width', '5'], /--scale and --width are two answers to one question/],
    [['--overwrite', '--skip-existing'], /--overwrite and --skip-existing/],
    [['--fit', 'cover', '--width', '3'], /--fit wants --width and --height/],
    [['-o', '-', '--json'], /--json and -o - both write to standard output/],
  ]) {
    const { code, stderr } = await cli(['a.png', ...args], { cwd: folder });
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
});

test('warnings of the library are lines among others', async () => {
  const source = await sharp(pngs.red).withIccProfile('p3').png().toBuffer();
  // A profile whose header is whole and whose content is not.
  const at = source.indexOf('iCCP');
  source.fill(0, at + 30, at + 40);
  const folder = folderWith({ 'a.png': source });
  const { stderr } = await cli(['a.png', '-m', NEAREST], { cwd: folder });
  assert.doesNotMatch(stderr, /\(node:|UpscalerWarning|--trace-warnings/);
});

test(
  'a batch in a full folder or to a full device says so',
  { skip: process.platform !== 'linux' },
  async () => {
    const folder = folderWith({ 'a.png': pngs.red });
    const device = await doubled(folder, 'a.png', '-o', '/dev/full');
    assert.equal(device.code, 1);
    assert.match(device.stderr, /failed a\.png: ENOSPC/);
    assert.ok(fs.statSync('/dev/full').isCharacterDevice());
    const full = fs.openSync('/dev/full', 'w');
    try {
      const piped = await start(['a.png', '-o', '-', '-m', NEAREST], {
        cwd: folder,
        stdio: ['ignore', full, 'pipe'],
      }).ended;
      assert.equal(piped.code, 1);
      assert.match(piped.stderr, /standard output cannot be written: ENOSPC/);
      const listed = await start(['models'], { stdio: ['ignore', full, 'pipe'] }).ended;
      assert.equal(listed.code, 1);
      assert.match(listed.stderr, /^upscaler-node: standard output cannot be written: ENOSPC.*\n$/);
    } finally {
      fs.closeSync(full);
    }
  },
);

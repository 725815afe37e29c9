'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { before, test } = require('node:test');
const sharp = require('sharp');
const { POSIX, cli, filesIn, start, temporaryFolder } = require('./support/cli');

/** A batch that is stopped on its way: by Ctrl-C, by a reader that goes away. */

const COUNT = 24;
const SIDE = 96;
const newFolder = temporaryFolder();
let picture;

before(async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 };
  const create = { width: SIDE, height: SIDE, channels: 3, noise, background: 'black' };
  picture = await sharp({ create }).png().toBuffer();
});

/** A folder with a batch in `in`, of which it takes a second or more to do all. */
function batch() {
  const folder = newFolder();
  fs.mkdirSync(path.join(folder, 'in'));
  for (let i = 0; i < COUNT; i++) fs.writeFileSync(path.join(folder, 'in', `${i}.png`), picture);
  return folder;
}

/** Resolves when the first result is there. */
async function firstResult(folder) {
  while (
    !fs.existsSync(path.join(folder, 'out')) ||
    filesIn(path.join(folder, 'out')).every((name) => name.endsWith('.tmp'))
  ) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Everything that was written is a whole picture, and nothing else is there. */
async function checkResults(folder) {
  const names = filesIn(path.join(folder, 'out'));
  for (const name of names) {
    assert.match(name, /^\d+@2x\.png$/);
    const { data } = await sharp(path.join(folder, 'out', name))
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.equal(data.length, 4 * SIDE * SIDE * 3, name);
  }
  return names.length;
}

const ARGS = ['in', '-o', 'out', '-m', 'span-2x'];

for (const [signal, expected] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) {
  test(`${signal}: what is finished stays, and the rest can be done later`, POSIX, async () => {
    const folder = batch();
    const child = start(ARGS, { cwd: folder });
    await firstResult(folder);
    child.kill(/** @type {NodeJS.Signals} */ (signal));
    const { code, stderr } = await child.ended;
    assert.equal(code, expected, stderr);
    const done = await checkResults(folder);
    assert.ok(done > 0 && done < COUNT, `${done} results`);
    assert.match(
      stderr,
      new RegExp(
        `Interrupted: ${done} of ${COUNT} pictures written\\. To go on:\n {2}upscaler-node in -o out -m span-2x --skip-existing\n`,
      ),
    );
    if (signal !== 'SIGINT') return;
    const resumed = await cli([...ARGS, '--skip-existing'], { cwd: folder });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(await checkResults(folder), COUNT);
    assert.match(
      resumed.stderr,
      new RegExp(`${COUNT - done} pictures? written in .*, ${done} there already`),
    );
  });
}

test('a second Ctrl-C ends it at once, and leaves nothing half-written', POSIX, async () => {
  const folder = batch();
  const child = start(ARGS, { cwd: folder });
  await firstResult(folder);
  child.kill('SIGINT');
  child.kill('SIGINT');
  const { code, signal } = await child.ended;
  assert.deepEqual({ code, signal }, { code: 130, signal: null });
  await checkResults(folder);
});

test('a Ctrl-C before the first picture is done, also while a large model loads', POSIX, async () => {
  for (const ms of [150, 700, 1400]) {
    const folder = batch();
    const child = start(['in', '-o', 'out', '-m', '@upscalerjs/esrgan-thick/4x'], { cwd: folder });
    await new Promise((resolve) => setTimeout(resolve, ms));
    child.kill('SIGINT');
    const { code, signal, stderr } = await child.ended;
    // Where Node has not started the program yet, the signal ends it as it ends any other.
    assert.ok(code === 130 || signal === 'SIGINT', `${code} ${signal} ${stderr}`);
    if (code === 130) assert.match(stderr, /Interrupted: (nothing was|\d of 24 pictures) written/);
    assert.deepEqual(
      filesIn(folder).filter((name) => name.endsWith('.tmp')),
      [],
    );
  }
});

test('a list whose reader goes away is no failure', POSIX, async () => {
  const child = start(['models', '--json'], {});
  child.stdout.once('data', () => child.stdout.destroy());
  const { code, stderr } = await child.ended;
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});

test('a batch whose reader goes away stops, and says so', POSIX, async () => {
  const folder = batch();
  const child = start([...ARGS, '--json'], { cwd: folder });
  child.stdout.once('data', () => child.stdout.destroy());
  const { code, stderr } = await child.ended;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /upscaler-node: the reader of standard output closed it\n/);
  assert.doesNotMatch(stderr, / {4}at /, 'no stack');
  const done = await checkResults(folder);
  assert.ok(done > 0 && done < COUNT, `${done} results`);
});

test('a picture whose reader goes away is a failure', POSIX, async () => {
  const child = start(['-', '-s', '4', '--quiet'], { input: picture });
  child.stdout.destroy();
  const { code, stderr } = await child.ended;
  assert.equal(code, 1);
  assert.match(stderr, /the reader of standard output closed it/);
  assert.doesNotMatch(stderr, / {4}at /);
});

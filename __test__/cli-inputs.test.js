'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const sharp = require('sharp');
const { glob } = require('../bin/batch/glob');
const { findInputs } = require('../bin/batch/inputs');
const { fromSystem, toSystem } = require('../bin/batch/system-path');
const { CLI, POSIX, cli, start, temporaryFolder, touch } = require('./support/cli');
const { NEAREST } = require('./support/pixels');

/** From what is written on the command line to files: names, folders and patterns. */

const newFolder = temporaryFolder();

const all = async (generator) => {
  const found = [];
  for await (const each of generator) found.push(each);
  return found;
};

test('globs find what they find in bash', POSIX, async () => {
  const folder = touch(newFolder(), [
    'a.jpg',
    'b.JPG',
    'c d.png',
    '.hidden.jpg',
    'a[1].png',
    'x+y(z).png',
    'photo-1.png',
    'photo-2.png',
    'deep/a.jpg',
    'deep/er/b.png',
    'deep/.git/c.png',
    'other/a.jpg',
  ]);
  const patterns = [
    '*.jpg',
    '*.{jpg,png}',
    '?.jpg',
    'photo-[12].png',
    'photo-[!1].png',
    'photo-[2-1].png',
    'photo-[21-0].png',
    'photo-[!2-1].png',
    'a[[]1].png',
    'a[]1[]1].png',
    '[]*',
    '{deep/er,other}/*',
    '{deep/{er,gone},other}/?.*',
    './*.jpg',
    '**/*.png',
    '**/a.jpg',
    'deep/**/*.png',
    '{deep,other}/*.jpg',
    '.*.jpg',
    'x+y*.png',
    'd*/e*/b.png',
    'nothing*',
    '{a,a}.jpg*',
  ];
  for (const pattern of patterns) {
    const script = `cd '${folder}'; shopt -s globstar nullglob; for f in ${pattern}; do [ -f "$f" ] && printf '%s\\n' "$f"; done; true`;
    const expected = execFileSync('bash', ['-c', script], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean)
      .map(path.normalize);
    const found = await all(glob(path.join(folder, pattern)));
    const relative = found.map((file) => path.relative(folder, file));
    assert.deepEqual(relative.sort(), [...new Set(expected)].sort(), pattern);
  }
});

test('inputs: files, folders, globs and standard input, each file once', POSIX, async () => {
  const folder = touch(newFolder(), ['b.png', 'a.JPEG', 'c.txt', '.d.png', 'in/e.webp', 'in/deeper/f.tif']);
  fs.symlinkSync(path.join(folder, 'b.png'), path.join(folder, 'in', 'link.png'));
  const names = async (operands, options = {}) => {
    const { inputs, problems } = await findInputs(operands, options);
    assert.deepEqual(problems, []);
    return inputs.map(({ file }) => path.relative(folder, file));
  };
  assert.deepEqual(await names([folder]), ['a.JPEG', 'b.png']);
  assert.deepEqual(await names([folder], { recursive: true }), [
    'a.JPEG',
    'b.png',
    path.join('in', 'deeper', 'f.tif'),
    path.join('in', 'e.webp'),
  ]);
  assert.deepEqual(await names([path.join(folder, 'c.txt')]), ['c.txt'], 'what is named is tried');
  assert.deepEqual(await names([path.join(folder, 'b.png'), path.join(folder, '*'), folder]), [
    'b.png',
    'a.JPEG',
  ]);
  const { inputs } = await findInputs(['-'], {});
  assert.equal(inputs[0].file, '-');
});

test('inputs that are not there, and results of earlier runs', async () => {
  const folder = touch(newFolder(), ['a.jpg', 'a@2x.jpg', 'a@1920w.png', 'icon@2x.png', 'empty/x.txt']);
  const { problems } = await findInputs(
    ['gone.png', path.join(folder, 'empty'), path.join(folder, '*.gif')],
    {},
  );
  assert.deepEqual(
    problems.map(({ reason }) => reason.split(' (')[0]),
    ['no such file', 'no pictures in this folder', 'no file and no picture that fits this pattern'],
  );
  const scanned = await findInputs([folder], {});
  assert.deepEqual(
    scanned.inputs.map(({ file }) => path.basename(file)),
    ['a.jpg', 'icon@2x.png'],
  );
  assert.deepEqual(
    scanned.leftOut.map((file) => path.basename(file)),
    ['a@1920w.png', 'a@2x.jpg'],
  );
  const named = await findInputs([path.join(folder, 'a@2x.jpg'), path.join(folder, 'a.jpg')], {});
  assert.equal(named.inputs.length, 2, 'what is named is not left out');
});

test('what is there by the name that is written comes before what the name stands for as a pattern', async () => {
  const folder = touch(newFolder(), [
    'd [1]/a.png',
    'd 1/b.png',
    '[2024-01] Holiday/a.png',
    '[2024-01] Holiday/more/[z-a].png',
    '{1,2}/a.png',
    '1/b.png',
    'in/[x]/a.png',
    'in/x/b.png',
    'e[1].png',
    'e1.png',
  ]);
  const names = async (operand) => {
    const { inputs, problems } = await findInputs([path.join(folder, operand)], {});
    assert.deepEqual(problems, [], operand);
    return inputs.map(({ file }) => path.relative(folder, file).split(path.sep).join('/'));
  };
  assert.deepEqual(await names('d [1]/*.png'), ['d [1]/a.png']);
  assert.deepEqual(await names('[2024-01] Holiday/*.png'), ['[2024-01] Holiday/a.png']);
  assert.deepEqual(await names('[2024-01] Holiday/**/[z-a].png'), ['[2024-01] Holiday/more/[z-a].png']);
  assert.deepEqual(await names('{1,2}/*.png'), ['{1,2}/a.png']);
  assert.deepEqual(await names('i*/[x]/*.png'), ['in/[x]/a.png']);
  assert.deepEqual(await names('e[1].png'), ['e[1].png']);
  assert.deepEqual(await names('[e]1.png'), ['e1.png']);
  assert.deepEqual(await names(`{${'x'.repeat(300)},e1}.png`), ['e1.png'], 'too long for a name');
});

test('a pattern that nothing can fit is told of in a line', async () => {
  const { code, stderr } = await cli(['[2024-01] Holiday/*.png'], { cwd: newFolder() });
  assert.equal(code, 1);
  assert.equal(stderr, 'failed [2024-01] Holiday/*.png: no file and no picture that fits this pattern\n');
});

test('names that are not UTF-8 keep their bytes', () => {
  for (const bytes of [
    Buffer.from('plain.png'),
    Buffer.from('ü 写真 \u{1f600}.png'),
    Buffer.from('caf\xe9.png', 'latin1'),
    Buffer.from('\xc3\xa9 and \xe9/\xff\x80', 'latin1'),
    Buffer.from([0xed, 0xb3, 0xa9]),
  ]) {
    assert.deepEqual(Buffer.from(toSystem(fromSystem(bytes))), bytes);
  }
  assert.equal(fromSystem(Buffer.from('caf\xe9', 'latin1')), 'caf\udce9');
  assert.equal(toSystem('é.png'), 'é.png');
});

/** Other systems take names in Unicode alone. */
const LINUX = { skip: process.platform !== 'linux' && 'names are Unicode here' };

/** @param {string} folder @returns {string[]} the names in it, each byte a character */
const namesIn = (folder) => fs.readdirSync(folder, { encoding: 'latin1' }).sort();

test(
  'pictures whose names are not UTF-8, in a folder, by a pattern and as a shell names them',
  LINUX,
  async () => {
    const folder = newFolder();
    const png = await sharp({ create: { width: 6, height: 5, channels: 3, background: '#369' } })
      .png()
      .toBuffer();
    const at = (name) => Buffer.from(`${folder}/${name}`, 'latin1');
    /** @param {string} script for bash, in which `"$@"` is the program */
    const bash = (script) =>
      start([], {
        cwd: folder,
        command: ['bash', '-c', script, 'bash', process.execPath, CLI, '-m', NEAREST],
      }).ended;
    const run = (operands) => bash(`"$@" ${operands}`);
    try {
      for (const name of ['in', 'alb\xe9m']) fs.mkdirSync(at(name));
      for (const name of ['in/caf\xe9.png', 'in/plain.png', 'alb\xe9m/a.png', 'alb\xe9m/\xe4.png'])
        fs.writeFileSync(at(name), png);

      const inFolder = await run('in -o out --json');
      assert.equal(inFolder.code, 0, inFolder.stderr);
      assert.deepEqual(namesIn(`${folder}/out`), ['caf\xe9@2x.png', 'plain@2x.png']);
      assert.equal((await sharp(fs.readFileSync(at('out/caf\xe9@2x.png'))).metadata()).width, 12);
      const [told] = inFolder.stdout.split('\n').filter((line) => line.includes('caf'));
      assert.equal(JSON.parse(told).output, 'out/caf\udce9@2x.png');
      assert.match(inFolder.stderr, /in\/caf\\xe9\.png → out\/caf\\xe9@2x\.png/);

      const again = await run('in -o out');
      assert.equal(again.code, 1);
      assert.match(again.stderr, /caf\\xe9@2x\.png exists: --overwrite replaces it/);
      assert.equal((await run('in -o out --overwrite')).code, 0);

      const quoted = await run("'in/c*.png' -o quoted/");
      assert.equal(quoted.code, 0, quoted.stderr);
      assert.deepEqual(namesIn(`${folder}/quoted`), ['caf\xe9@2x.png']);

      const expanded = await run("alb$'\\xe9'm in/*.png");
      assert.equal(expanded.code, 0, expanded.stderr);
      assert.deepEqual(namesIn(`${folder}/in`), [
        'caf\xe9.png',
        'caf\xe9@2x.png',
        'plain.png',
        'plain@2x.png',
      ]);
      assert.ok(fs.existsSync(at('alb\xe9m/a@2x.png')) && fs.existsSync(at('alb\xe9m/\xe4@2x.png')));

      const inside = await bash('cd alb*m && "$@" a.png -o own.png');
      assert.equal(inside.code, 0, inside.stderr);
      assert.ok(fs.existsSync(at('alb\xe9m/own.png')));
    } finally {
      // Node's own removal does not know such names.
      execFileSync('rm', ['-r', folder]);
      fs.mkdirSync(folder);
    }
  },
);

test('names that are not UTF-8 and cannot be told apart, or are not there', LINUX, async () => {
  const folder = newFolder();
  const at = (name) => Buffer.from(`${folder}/${name}`, 'latin1');
  try {
    for (const name of ['caf\xe9.png', 'caf\xe8.png']) fs.writeFileSync(at(name), 'x');
    const { inputs, problems } = await findInputs(
      ['caf', 'tea'].map((name) => `${folder}/${name}\ufffd.png`),
      {},
    );
    assert.deepEqual(inputs, []);
    assert.deepEqual(
      problems.map(({ reason }) => reason),
      [
        'its name is not UTF-8, and 2 files may be meant: give their folder, or a pattern in quotes',
        'no such file (its name is not UTF-8)',
      ],
    );
    assert.equal((await findInputs([`${folder}/caf?.png`], {})).inputs.length, 2);
    const output = await cli(['x.png', '-o', 'caf\ufffd/'], { cwd: folder });
    assert.equal(output.code, 2);
    assert.match(output.stderr, /^upscaler-node: -o wants a name in UTF-8 but was given caf\ufffd\/\n/);
  } finally {
    execFileSync('rm', ['-r', folder]);
    fs.mkdirSync(folder);
  }
});

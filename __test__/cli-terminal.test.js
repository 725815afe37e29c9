'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const sharp = require('sharp');
const { duration, bytes, short } = require('../bin/terminal/figures');
const { abilities } = require('../bin/terminal/style');
const { displayWidth, showName, table, truncate } = require('../bin/terminal/text');
const { CLI, start, temporaryFolder } = require('./support/cli');
const { NEAREST } = require('./support/pixels');

const newFolder = temporaryFolder();

test('figures as people read them', () => {
  assert.deepEqual([3, 999, 1000, 9940, 9960, 59400, 61000, 3599000, 3600000, 36_061_000].map(duration), [
    '3 ms',
    '999 ms',
    '1.0 s',
    '9.9 s',
    '10 s',
    '59 s',
    '1 min 01 s',
    '59 min 59 s',
    '1 h 00 min',
    '10 h 01 min',
  ]);
  assert.deepEqual([0, 999, 1000, 999_499, 999_500, 1_234_567, 2.5e9].map(bytes), [
    '0 bytes',
    '999 bytes',
    '1.0 kB',
    '999 kB',
    '1.0 MB',
    '1.2 MB',
    '2.5 GB',
  ]);
  assert.deepEqual([0.123, 9.94, 9.96, 123.4].map(short), ['0.12', '9.94', '10.0', '123']);
});

test('the width of text as terminals show it', () => {
  const widths = { abc: 3, é: 1, 'e\u0301': 1, 写真: 4, '👩‍👩‍👧': 2, ｱ: 1, 한글: 4, 'a\u200bb': 2 };
  for (const [text, width] of Object.entries(widths)) assert.equal(displayWidth(text), width, text);
  assert.equal(truncate('写真写真', 5), '写真…');
  assert.equal(truncate('abcdef', 4), 'abc…');
  assert.equal(truncate('abc', 3), 'abc');
  assert.equal(
    table(
      [
        ['a', '写'],
        ['bb', '1'],
      ],
      [1],
    ),
    'a   写\nbb   1',
  );
});

test('names cannot control the terminal', () => {
  assert.equal(showName('a\x1b[2Jb\nc\u202ed.png'), 'a\\u{1b}[2Jb\\u{a}c\\u{202e}d.png');
  assert.equal(showName('façade 写真.png'), 'façade 写真.png');
  assert.equal(showName('caf\udce9.png'), 'caf\\xe9.png', 'a byte that is not UTF-8');
});

test('what a stream can show', () => {
  const of = (isTTY, env) => {
    const { live, colour } = abilities({ isTTY }, env);
    return [live, colour];
  };
  assert.deepEqual(of(true, { TERM: 'xterm' }), [true, true]);
  assert.deepEqual(of(true, { TERM: 'xterm', NO_COLOR: '1' }), [true, false]);
  assert.deepEqual(of(true, { TERM: 'xterm', NO_COLOR: '' }), [true, true]);
  assert.deepEqual(of(true, { TERM: 'dumb' }), [false, false]);
  assert.deepEqual(of(false, { TERM: 'xterm' }), [false, false]);
});

/** In a terminal of its own, as util-linux's `script` makes one. */
async function inTerminal(args, { cwd, env }) {
  const words = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ');
  const child = start([], {
    cwd,
    env: { TERM: 'xterm-256color', ...env },
    command: ['script', '-qec', `stty cols 80 rows 24; ${words}`, '/dev/null'],
  });
  const { code, stdout } = await child.ended;
  return { code, shown: stdout };
}

/** What is left on the terminal: of the sequences that the program uses. */
function screen(shown) {
  const lines = [''];
  let row = 0;
  for (const [part] of shown.matchAll(/\x1b\[[?\d;]*[A-Za-z]|\r?\n|\r|[^\x1b\r\n]+/g)) {
    const up = /^\x1b\[(\d+)A$/.exec(part);
    if (up !== null) row = Math.max(0, row - Number(up[1]));
    else if (part === '\x1b[0J') lines.splice(row, Infinity, '');
    else if (part === '\x1b[2K') lines[row] = '';
    else if (/^\r?\n$/.test(part)) lines[++row] ??= '';
    else if (!/^(\x1b|\r$)/.test(part)) lines[row] += part;
  }
  return lines.filter((line) => line !== '');
}

test('on a terminal', { skip: process.platform !== 'linux' }, async (t) => {
  const folder = newFolder();
  const create = { width: 64, height: 48, channels: 3, background: '#f00' };
  const picture = await sharp({ create }).png().toBuffer();
  for (const name of ['a.png', 'ü.png', 'c.png']) fs.writeFileSync(path.join(folder, name), picture);
  const args = ['a.png', 'ü.png', 'c.png', 'gone.png', '-m', 'span-2x', '--overwrite'];

  await t.test('progress is drawn, and is gone at the end', async () => {
    const { code, shown } = await inTerminal(args, { cwd: folder });
    assert.equal(code, 1, shown);
    assert.match(shown, /a\.png +\x1b\[32m━*\x1b\[39m\x1b\[2m─+\x1b\[22m +\d+ %/);
    assert.match(shown, /\d of 3 pictures/);
    assert.ok(shown.lastIndexOf('\x1b[?25h') > shown.lastIndexOf('\x1b[?25l'), 'the cursor is shown again');
    const left = screen(shown);
    assert.equal(left.length, 6, left.join('\n'));
    assert.match(left[0], /failed gone\.png: no such file/);
    for (const line of left.slice(1, 4)) assert.match(line, /\.png → .*@2x\.png {2}128 x 96, span-2x/);
    assert.match(left[4], /^3 pictures written in .* \(.* MP\/s\), 1 failed:/);
  });

  await t.test('NO_COLOR: drawn without colours', async () => {
    const { shown } = await inTerminal(args, { cwd: folder, env: { NO_COLOR: '1' } });
    assert.match(shown, /\x1b\[2K/);
    assert.doesNotMatch(shown, /\x1b\[[\d;]*m/);
  });

  await t.test('TERM=dumb: plain lines', async () => {
    const { shown } = await inTerminal(args, { cwd: folder, env: { TERM: 'dumb' } });
    assert.doesNotMatch(shown, /\x1b/);
    assert.match(shown, /a\.png → a@2x\.png {2}128 x 96/);
  });

  await t.test('without UTF-8: ASCII', async () => {
    const { shown } = await inTerminal(['a.png', '-m', 'span-2x', '--overwrite'], {
      cwd: folder,
      env: { LANG: 'C' },
    });
    assert.match(shown, /a\.png -> a@2x\.png/);
    assert.doesNotMatch(shown, /[━─·→]/);
  });

  await t.test('--quiet: nothing', async () => {
    const { shown } = await inTerminal(['a.png', '--overwrite', '--quiet', '-m', NEAREST], { cwd: folder });
    assert.equal(shown, '');
  });

  await t.test('a picture is not poured into the terminal', async () => {
    const { code, shown } = await inTerminal(['a.png', '-o', '-'], { cwd: folder });
    assert.equal(code, 2);
    assert.match(shown, /standard output is a terminal/);
    const read = await inTerminal(['-'], { cwd: folder });
    assert.equal(read.code, 2);
    assert.match(read.shown, /standard input is a terminal/);
  });
});

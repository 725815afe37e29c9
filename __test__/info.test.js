'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { test } = require('node:test');
const { entries } = require('../lib/catalogue');

const CLI = path.join(__dirname, '..', 'bin', 'upscaler-node.js');
const FIXTURE = path.join(__dirname, 'fixtures', 'ncnn', 'upconv.param');

/** @param {...string} args */
const info = (...args) => execFileSync(process.execPath, [CLI, 'info', ...args], { encoding: 'utf8' });

test('a model of the catalogue: what is known of it, and what runs it', () => {
  const text = info('denoise-2x-2');
  assert.match(info('photo-2x'), /JPEG up to quality 92/);
  for (const each of [/upconv-7/, /MIT/, /nagadomi/, /552,/, /avx|neon|onnxruntime/]) {
    assert.match(text, each);
  }
  const facts = JSON.parse(info('span', '--scale', '4', '--json'));
  const [entry] = entries.filter(({ id }) => id === 'span-4x');
  assert.equal(facts.id, 'span-4x');
  assert.equal(facts.path, entry.path);
  assert.equal(facts.macsPerPixel, entry.macsPerPixel);
  assert.deepEqual(facts.missing, []);
});

test('a model that is not installed: what the catalogue says, and how to get it', (t) => {
  const text = info('maxim-denoising');
  assert.match(text, /MAXIM|maxim/);
  if (/installed +yes/.test(text)) return t.skip('it is installed here');
  assert.match(text, /npm install @upscaler-node\/maxim-denoising/);
});

test("one's own file: what was found, a definition, and what to say of it", () => {
  const text = info(FIXTURE);
  assert.match(text, /format +ncnn/);
  assert.match(text, /scale +2x/);
  assert.match(text, /sees +4 px a side/);
  assert.match(text, /\{ path: ".*upconv\.param", scale: 2, channels: 3, inputRange: \[0,1\]/);
  assert.match(text, /inputRange and outputRange/);
});

test('a name that is none', () => {
  assert.throws(
    () => execFileSync(process.execPath, [CLI, 'info', 'spam-2x'], { stdio: 'pipe' }),
    ({ status, stderr }) => status === 1 && /Nearest: span-2x/.test(stderr),
  );
});

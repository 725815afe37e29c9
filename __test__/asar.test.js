'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { onDisk } = require('../lib/asar');
const Upscaler = require('..');

/**
 * What Electron's archives leave outside. JavaScript is told of `app.asar/file` there, which no system has:
 * `npm run rehearse -- asar` runs an archive.
 */

const ROOT = path.join(__dirname, '..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-asar-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const inside = (...names) => path.join(folder, 'app.asar', ...names);
const outside = path.join(folder, 'app.asar.unpacked');
fs.mkdirSync(outside);
fs.copyFileSync(path.join(ROOT, 'models', 'fast', '2x.onnx'), path.join(outside, 'model.onnx'));
fs.copyFileSync(path.join(ROOT, '__test__', 'fixtures', 'application.png'), path.join(outside, 'a.png'));

test('a model and a picture beside an archive are found by their paths within it', async () => {
  const upscaler = new Upscaler({ model: inside('model.onnx') });
  const { width, height } = await upscaler.upscale(inside('a.png'), { output: 'raw' });
  assert.deepEqual({ width, height }, { width: 48, height: 32 });
  await upscaler.dispose();
});

test('the path of what is in the archive, or of a file without one, stays', () => {
  const missing = inside('node_modules', 'a.node');
  assert.equal(onDisk(missing), missing);
  const beside = path.join(outside, 'model.onnx');
  for (const file of [beside, __filename, `${folder}${path.sep}app.asar`]) assert.equal(onDisk(file), file);
});

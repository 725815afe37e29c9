/**
 * `npm run build [-- --release | --dist]`: the addon, and ONNX Runtime's library beside it under a name of our own.
 * Without more it is the addon of cargo's dev profile, which tests and the demo share: optimised kernels and
 * dependencies, a core that compiles quickly; `--release` is what is measured, `--dist` what is published. Both of these
 * have the library that is published, which pip brings. Cargo and two stamps see to it that nothing is done twice.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { renameLibrary } from './rename-library.mjs';
import { ROOT, install } from './install.mjs';
import { thisPlatform } from './ship/platforms.mjs';
import { publishedLibrary } from './ship/runtime-library.mjs';

const require = createRequire(import.meta.url);

/** @typedef {'dev' | 'release' | 'dist'} Profile of Cargo.toml */

/**
 * Builds what is missing or out of date.
 *
 * @param {Profile} [profile]
 */
export function build(profile = 'dev') {
  buildAddon(profile);
  bringLibrary(profile === 'dev' ? librarySource() : publishedLibrary(thisPlatform()));
}

/**
 * Cargo, and a copy of what it made: napi-rs's own command would do the same and rewrite index.js and index.d.ts,
 * which are written by hand here.
 *
 * @param {Profile} profile
 */
function buildAddon(profile) {
  const library = compile(profile);
  const target = path.join(ROOT, thisPlatform().addon);
  const { mtimeMs, size } = statSync(library);
  whenStale(target, 'addon.stamp', `${profile} ${size} ${mtimeMs}`, () => {
    // A process may have the old file loaded: it is replaced, never written over.
    copyFileSync(library, `${target}.tmp`);
    renameSync(`${target}.tmp`, target);
  });
}

/**
 * @param {Profile} profile
 * @returns {string} the compiled library's path, as cargo tells it
 */
function compile(profile) {
  const args = ['build', '--profile', profile, '--lib', '--message-format=json-render-diagnostics'];
  if (profile !== 'dev' && canAssemble()) args.push('--features', 'av1-assembly');
  else if (profile === 'dist' && process.arch === 'x64') throw new Error(NASM_IS_MISSING);
  const { status, stdout, error } = spawnSync('cargo', args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
    encoding: 'utf8',
  });
  if (status !== 0) {
    console.error(`\ncargo ${args.join(' ')} failed${error ? `: ${error.message}. Is Rust installed?` : ''}`);
    process.exit(status ?? 1);
  }
  const messages = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const artifact = messages.find(
    ({ reason, target }) => reason === 'compiler-artifact' && target.kind.includes('cdylib'),
  );
  return artifact.filenames.find((file) => /\.(so|dylib|dll)$/.test(file));
}

export const NASM_IS_MISSING = 'Expected nasm 2.15 or newer, which published files are built with';

/**
 * Whether the AV1 codecs' assembly can be built here: rav1e's wants nasm 2.15 for x86-64, a C compiler for arm64.
 *
 * @param {string} [cpu] that it is for
 */
export function canAssemble(cpu = process.arch) {
  if (cpu === 'arm64') return process.platform !== 'win32';
  const version = spawnSync('nasm', ['-v'], { encoding: 'utf8' }).stdout?.match(/version (\d+)\.(\d+)/);
  return version != null && Number(version[1]) * 100 + Number(version[2]) >= 215;
}

/** @returns {string} that of npm's onnxruntime-node, which is there for the tests; `require('onnxruntime-node')` would load it */
function librarySource() {
  const folder = path.dirname(require.resolve('onnxruntime-node/package.json'));
  return path.join(folder, 'bin', 'napi-v6', process.platform, process.arch, LIBRARY[process.platform]);
}

/** @param {string} source ONNX Runtime, as Microsoft named it */
function bringLibrary(source) {
  const target = path.join(ROOT, thisPlatform().library);
  whenStale(target, 'onnxruntime.stamp', `${path.relative(ROOT, source)} ${statSync(source).size}`, () => {
    rmSync(target, { force: true });
    copyFileSync(source, target);
    renameLibrary(target);
  });
}

/**
 * Makes `target` again unless it is there and was made from what `from` describes.
 *
 * @param {string} target
 * @param {string} stampName a file in target/ that keeps the description
 * @param {string} from
 * @param {() => void} make
 */
function whenStale(target, stampName, from, make) {
  const stamp = path.join(ROOT, 'target', stampName);
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === from) return;
  make();
  writeFileSync(stamp, from);
}

const PROFILES = /** @type {const} */ (['release', 'dist']);

const LIBRARY = {
  linux: 'libonnxruntime.so.1',
  darwin: 'libonnxruntime.1.dylib',
  win32: 'onnxruntime.dll',
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  install();
  build(PROFILES.find((profile) => process.argv.includes(`--${profile}`)) ?? 'dev');
}

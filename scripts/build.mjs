/**
 * `npm run build`: the addon in release mode, and ONNX Runtime's library beside it under a name of our own.
 * Cargo and the library's stamp see to it that nothing is done twice.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { renameLibrary } from './rename-library.mjs';
import { ROOT, install, run } from './install.mjs';

const require = createRequire(import.meta.url);

/** Builds what is missing or out of date. */
export function build() {
  buildAddon();
  bringLibrary();
}

/**
 * Cargo, and a copy of what it made: napi-rs's own command would do the same and rewrite index.js and index.d.ts,
 * which are written by hand here.
 */
function buildAddon() {
  const library = compile();
  const target = path.join(ROOT, addonName());
  if (existsSync(target) && statSync(target).mtimeMs >= statSync(library).mtimeMs) return;
  // A process may have the old file loaded: it is replaced, never written over.
  copyFileSync(library, `${target}.tmp`);
  renameSync(`${target}.tmp`, target);
}

/** @returns {string} the compiled library's path, as cargo tells it */
function compile() {
  const args = ['build', '--release', '--lib', '--message-format=json-render-diagnostics'];
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

/** @returns {string} as lib/load-native.js wants it */
function addonName() {
  const abi = { linux: '-gnu', win32: '-msvc' }[process.platform] ?? '';
  return `upscaler.${process.platform}-${process.arch}${abi}.node`;
}

/** Copies ONNX Runtime out of npm's onnxruntime-node; `require('onnxruntime-node')` would load it. */
function bringLibrary() {
  const { LIBRARIES } = require('../lib/load-native.js');
  const folder = path.dirname(require.resolve('onnxruntime-node/package.json'));
  const source = path.join(
    folder,
    'bin',
    'napi-v6',
    process.platform,
    process.arch,
    LIBRARY[process.platform],
  );
  const target = path.join(ROOT, LIBRARIES[process.platform]);
  const stamp = path.join(ROOT, 'target', 'onnxruntime.stamp');

  const { version } = require('onnxruntime-node/package.json');
  const wanted = `${version} ${statSync(source).size}`;
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  rmSync(target, { force: true });
  copyFileSync(source, target);
  renameLibrary(target);
  writeFileSync(stamp, wanted);
}

const LIBRARY = {
  linux: 'libonnxruntime.so.1',
  darwin: 'libonnxruntime.1.dylib',
  win32: 'onnxruntime.dll',
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  install();
  build();
}

/**
 * `node scripts/ship/build-linux.mjs [x64] [arm64]`: the addon for Linux as it is published, on any Linux: linked by Zig
 * against glibc 2.28, with ONNX Runtime's library beside it, in .cache/linux-<arch>/. cargo-zigbuild and Zig come from
 * PyPI; C sources of crates are compiled by Zig too, and for x64 nasm has to be there. What the files ask of a system is
 * checked, and the size is said.
 *
 * arm64 wants Rust's standard library for it, which a compiler may have: that in RUSTC, rustup's, or Debian's
 * (`dpkg --add-architecture arm64`, `apt-get install rustc-web libstd-rust-web-dev:arm64`).
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NASM_IS_MISSING, canAssemble } from '../build.mjs';
import { ROOT, install, run } from '../install.mjs';
import { renameLibrary } from '../rename-library.mjs';
import { problemsOf } from './check-elf.mjs';
import { npmPack, packPlatform } from './pack.mjs';
import { platforms } from './platforms.mjs';
import { publishedLibrary } from './runtime-library.mjs';

/** One that cargo-zigbuild and the crates' C sources were built with. */
const TOOLS = ['ziglang==0.15.2', 'cargo-zigbuild==0.24.0'];

/** The oldest that ONNX Runtime's library runs on. */
const GLIBC = '2.28';

/** Megabytes of an archive: what an installation may cost. */
const LARGEST = 22;

const TARGET = path.join(ROOT, 'target', 'zig');

/**
 * What cargo-zigbuild has to have in its environment: its own folder, where it builds, and a compiler.
 *
 * @param {import('./platforms.mjs').Platform} platform
 * @returns {Record<string, string>}
 */
export function zigEnvironment({ triple }) {
  const venv = path.join(ROOT, '.cache', 'zig');
  const bin = path.join(venv, 'bin');
  if (!existsSync(path.join(bin, 'cargo-zigbuild'))) {
    run('python3', ['-m', 'venv', venv]);
    run(path.join(bin, 'pip'), ['install', '--quiet', ...TOOLS]);
  }
  return {
    PATH: `${bin}${path.delimiter}${process.env.PATH}`,
    CARGO_TARGET_DIR: TARGET,
    RUSTC: compilerFor(triple),
  };
}

/**
 * @param {string} triple
 * @returns {string} a compiler that has the standard library for it
 */
function compilerFor(triple) {
  const compilers = process.env.RUSTC ? [process.env.RUSTC] : ['rustc', '/usr/bin/rustc'];
  const found = () => compilers.find((compiler) => hasTarget(compiler, triple));
  if (found() === undefined) spawnSync('rustup', ['target', 'add', triple], { stdio: 'inherit' });
  const compiler = found();
  if (compiler === undefined) {
    throw new Error(
      `Expected a Rust compiler with the standard library for ${triple}: rustup target add ${triple}, or name one in RUSTC`,
    );
  }
  return compiler;
}

/**
 * @param {string} compiler
 * @param {string} triple
 */
function hasTarget(compiler, triple) {
  const { stdout } = spawnSync(compiler, ['--print', 'target-libdir', '--target', triple], {
    encoding: 'utf8',
  });
  return Boolean(stdout) && existsSync(stdout.trim());
}

/**
 * @param {import('./platforms.mjs').Platform} platform
 * @returns {string} the folder with its addon and library
 */
function buildFor(platform) {
  const { cpu, addon, library } = platform;
  if (!canAssemble(cpu)) throw new Error(NASM_IS_MISSING);
  const features = ['--features', 'av1-assembly'];
  run(
    'cargo',
    ['zigbuild', '--profile', 'dist', '--lib', ...features, '--target', zigTarget(platform)],
    zigEnvironment(platform),
  );
  const folder = path.join(ROOT, '.cache', `linux-${cpu}`);
  mkdirSync(folder, { recursive: true });
  const compiled = path.join(TARGET, platform.triple, 'dist', 'libupscaler_node.so');
  copyFileSync(compiled, path.join(folder, addon));
  const runtime = path.join(folder, library);
  rmSync(runtime, { force: true });
  copyFileSync(publishedLibrary(platform), runtime);
  renameLibrary(runtime);
  return folder;
}

/**
 * Builds a platform's files and packs them, and says what they weigh.
 *
 * @param {import('./platforms.mjs').Platform} platform
 * @returns {string[]} what is wrong with them
 */
function buildAndPack(platform) {
  const folder = buildFor(platform);
  const files = [platform.addon, platform.library].map((name) => path.join(folder, name));
  const archive = packPlatform(platform, folder, folder, { pack: npmPack });
  for (const file of [...files, archive]) console.log(`${path.basename(file)}: ${megabytes(file)} MB`);
  const problems = files.flatMap((file) => problemsOf(file).map((problem) => `${file} ${problem}`));
  if (statSync(archive).size > LARGEST * 1e6) problems.push(`${archive} is larger than ${LARGEST} MB`);
  return problems;
}

/**
 * @param {import('./platforms.mjs').Platform} platform
 * @returns {string} as cargo-zigbuild wants it
 */
export const zigTarget = ({ triple }) => `${triple}.${GLIBC}`;

/** @param {string} file */
const megabytes = (file) => (statSync(file).size / 1e6).toFixed(1);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  install();
  const wanted = process.argv.slice(2);
  for (const platform of platforms.filter(({ os }) => os === 'linux')) {
    if (!(wanted.length === 0 ? platform.cpu === 'x64' : wanted.includes(platform.cpu))) continue;
    const problems = buildAndPack(platform);
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) process.exitCode = 1;
  }
}

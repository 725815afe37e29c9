/**
 * `node scripts/ship/build-linux.mjs [x64] [arm64]`: the addon for Linux as it is published, on any Linux: linked by Zig
 * against glibc 2.28, with ONNX Runtime's library beside it, in .cache/linux-<arch>/. cargo-zigbuild and Zig come from
 * PyPI; C sources of crates are compiled by Zig too, and for x64 nasm has to be there. What the files ask of a system is
 * checked, and the size is said.
 *
 * arm64 wants Rust's standard library for it: `rustup target add aarch64-unknown-linux-gnu`, or another compiler that
 * has it, in RUSTC.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
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

/** @returns {string} the folder of the tools' programs */
function tools() {
  const venv = path.join(ROOT, '.cache', 'zig');
  const bin = path.join(venv, 'bin');
  if (!existsSync(path.join(bin, 'cargo-zigbuild'))) {
    run('python3', ['-m', 'venv', venv]);
    run(path.join(bin, 'pip'), ['install', '--quiet', ...TOOLS]);
  }
  return bin;
}

/**
 * @param {import('./platforms.mjs').Platform} platform
 * @returns {string} the folder with its addon and library
 */
function buildFor(platform) {
  const { cpu, triple, addon, library } = platform;
  if (!canAssemble(cpu)) throw new Error(NASM_IS_MISSING);
  const env = { PATH: `${tools()}${path.delimiter}${process.env.PATH}`, CARGO_TARGET_DIR: TARGET };
  const features = ['--features', 'av1-assembly'];
  run(
    'cargo',
    ['zigbuild', '--profile', 'dist', '--lib', ...features, '--target', `${triple}.${GLIBC}`],
    env,
  );
  const folder = path.join(ROOT, '.cache', `linux-${cpu}`);
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(TARGET, triple, 'dist', 'libupscaler_node.so'), path.join(folder, addon));
  const runtime = path.join(folder, library);
  rmSync(runtime, { force: true });
  copyFileSync(publishedLibrary(platform), runtime);
  renameLibrary(runtime);
  return folder;
}

/** @param {string} file */
const megabytes = (file) => (statSync(file).size / 1e6).toFixed(1);

install();
const wanted = process.argv.slice(2);
for (const platform of platforms.filter(({ os }) => os === 'linux')) {
  const { cpu, addon, library } = platform;
  if (!(wanted.length === 0 ? cpu === 'x64' : wanted.includes(cpu))) continue;
  const folder = buildFor(platform);
  const files = [addon, library].map((name) => path.join(folder, name));
  const archive = packPlatform(platform, folder, folder, { pack: npmPack });
  for (const file of [...files, archive]) console.log(`${path.basename(file)}: ${megabytes(file)} MB`);
  const problems = files.flatMap((file) => problemsOf(file).map((problem) => `${file} ${problem}`));
  if (statSync(archive).size > LARGEST * 1e6) problems.push(`${archive} is larger than ${LARGEST} MB`);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}

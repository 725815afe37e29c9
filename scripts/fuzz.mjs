/**
 * `npm run fuzz -- [seconds] [target...]`: every target of fuzz/ for so long, from the committed seeds. It wants cargo-fuzz
 * and a nightly toolchain; reproducers are left under fuzz/artifacts.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './install.mjs';

/** Larger files are slow to mutate and hide nothing that smaller ones do not show. */
const LARGEST_SEED = 64 * 1024;

const PICTURES = ['raster', 'modern', 'small', 'hostile'].map((folder) => `tests/fixtures/${folder}`);
const SEEDS = {
  decode: PICTURES,
  structured: PICTURES,
  metadata: ['fuzz/seeds/metadata'],
  onnx: ['fuzz/seeds/onnx'],
  tfjs: ['fuzz/seeds/tfjs'],
  ncnn: ['fuzz/seeds/ncnn'],
};

/** @param {number} seconds each @param {string[]} [targets] */
export function fuzz(seconds, targets = Object.keys(SEEDS)) {
  const failed = targets.filter((target) => !run(target, seconds));
  if (failed.length > 0)
    throw new Error(`These targets found something, see fuzz/artifacts: ${failed.join(', ')}`);
}

/** Whether cargo-fuzz and a nightly toolchain are there. */
export function isThere() {
  return spawnSync('cargo', ['+nightly', 'fuzz', '--version']).status === 0;
}

/** @param {string} target @param {number} seconds */
function run(target, seconds) {
  const corpus = path.join(ROOT, 'fuzz', 'corpus', target);
  mkdirSync(corpus, { recursive: true });
  for (const folder of SEEDS[target]) {
    for (const name of readdirSync(path.join(ROOT, folder))) {
      const file = path.join(ROOT, folder, name);
      if (statSync(file).isFile() && statSync(file).size <= LARGEST_SEED && !/\.md$|expected/.test(name)) {
        cpSync(file, path.join(corpus, name));
      }
    }
  }
  const limits = [
    `-max_total_time=${seconds}`,
    `-max_len=${LARGEST_SEED}`,
    '-timeout=20',
    '-rss_limit_mb=1024',
    '-malloc_limit_mb=256',
  ];
  const args = ['+nightly', 'fuzz', 'run', '-O', target, '--', ...limits];
  const suppressions = path.join(ROOT, 'fuzz/leaks.supp');
  const env = { ...process.env, LSAN_OPTIONS: `suppressions=${suppressions}:print_suppressions=0` };
  return spawnSync('cargo', args, { cwd: ROOT, stdio: 'inherit', env }).status === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seconds = '60', ...targets] = process.argv.slice(2);
  fuzz(Number(seconds), targets.length > 0 ? targets : undefined);
}

/**
 * `npm run models [-- family …] [--check]`: everything about the model packages that can be made by a machine.
 *
 * For the families named, or for all whose weights are in the repository, it brings the published weights, checks
 * their hashes, converts them with this project's own converter and counts what is in them; then it writes the
 * packages' code and pages and the tables of docs/models.md from the catalogue. `--check` writes nothing and fails
 * if the repository is not what would be written.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../install.mjs';
import { build } from './build.mjs';
import { countFacts } from './facts.mjs';
import { pages } from './pages.mjs';

const require = createRequire(import.meta.url);
const { entries } = require('../../lib/catalogue');

// The halo that the networks need by themselves is counted: kernels may need more.
process.env.UPSCALER_KERNELS = 'off';

const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean' } },
  allowPositionals: true,
});

const unknown = positionals.filter((name) => !entries.some(({ family }) => family === name));
if (unknown.length > 0) throw new Error(`No family is called ${unknown.join(', ')}`);

const chosen = entries.filter(({ family, committed }) =>
  positionals.length > 0 ? positionals.includes(family) : committed,
);
for (const entry of chosen) {
  for (const [file, bytes] of await build(entry)) put(path.join('models', entry.family, file), bytes);
}
if (!values.check) await countFacts(chosen);
for (const [file, text] of await pages()) put(file, Buffer.from(text));

/**
 * @param {string} file relative to the repository
 * @param {Uint8Array} bytes
 */
function put(file, bytes) {
  const target = path.join(ROOT, file);
  if (existsSync(target) && readFileSync(target).equals(bytes)) return;
  if (values.check) {
    console.error(`${file} is not what npm run models makes`);
    process.exitCode = 1;
    return;
  }
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, bytes);
  console.error(`${file} (${bytes.length} bytes)`);
}

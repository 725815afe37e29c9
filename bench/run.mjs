/**
 * `npm run bench [-- --quick]`: upscaler-node and its alternatives on the same networks and pictures, in turns, each in
 * a process of its own. Prints tables and writes results.md. See docs/performance.md for how to read it.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from '../scripts/build.mjs';
import { install, run } from '../scripts/install.mjs';

const RESULTS = fileURLToPath(new URL('results.md', import.meta.url));

install();
build();
run('npm', ['install', '--prefix', 'bench', '--no-audit', '--no-fund', '--loglevel=error']);

const quick = process.argv.includes('--quick');
const { measure } = await import('./measure.mjs');
const { report } = await import('./report.mjs');
const measured = await measure(quick, (line) => console.log(line));
const text = report(measured, quick);
writeFileSync(RESULTS, text);
console.log(`\n${text}\nwritten to ${RESULTS}`);

/**
 * `npm run bench [-- --quick | --networks [model…]]`: upscaler-node and its alternatives on the same networks and
 * pictures, in turns, each in a process of its own. Prints tables and writes results.md, or, for every network that
 * ships, networks.md and a chart; of single models the table is printed alone. See docs/performance.md for how to read
 * it.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from '../scripts/build.mjs';
import { install, run } from '../scripts/install.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

install();
build('release');
// tfjs-node's binary comes by an install script, which the repository's .npmrc turns off; CUDA's libraries are not wanted.
run(
  'npm',
  ['install', '--prefix', 'bench', '--ignore-scripts=false', '--no-audit', '--no-fund', '--loglevel=error'],
  {
    ONNXRUNTIME_NODE_INSTALL: 'skip',
  },
);

const { measure, compareAll } = await import('./measure.mjs');
const say = (line) => console.log(line);

if (process.argv.includes('--networks')) {
  const { networks } = await import('./plan.mjs');
  const { chart, networksTable } = await import('./networks.mjs');
  const named = process.argv.slice(process.argv.indexOf('--networks') + 1);
  const chosen = networks().filter(({ model }) => named.length === 0 || named.includes(model));
  const measured = await compareAll(chosen, say);
  if (named.length > 0) {
    console.log(networksTable(measured));
  } else {
    put('networks.md', networksTable(measured));
    put('../docs/images/networks.svg', chart(measured));
  }
} else {
  const quick = process.argv.includes('--quick');
  const { report } = await import('./report.mjs');
  put('results.md', report(await measure(quick, say), quick));
}

function put(name, text) {
  writeFileSync(file(name), text);
  console.log(`\n${name.endsWith('.md') ? text : ''}\nwritten to ${file(name)}`);
}

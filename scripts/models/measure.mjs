/**
 * `node scripts/models/measure.mjs <set5> [model …] [--no-speed]`: measures quality and speed of the models that are
 * here, with the library itself and from PNG to PNG, and writes them to lib/catalogue/facts.json.
 *
 * <set5> holds HR/baby.png and the like, and x2/babyx2.png, x4/babyx4.png; what is missing is made from HR as MATLAB's
 * imresize makes it. Models of one channel are measured on grey pictures. `npm run models` brings the pages up to date
 * afterwards.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { updateFacts } from './facts.mjs';
import { grey, oneChannel } from './grey.mjs';
import { pixels, quality } from './set5.mjs';

const require = createRequire(import.meta.url);
const Upscaler = require('../../index.js');
const { entries } = require('../../lib/catalogue');
const { locate } = require('../../lib/locate');

/** Speed is measured on one thread, so that it says the same on every machine. */
const REFERENCE = 'span-2x';
const SPEED_SIDE = 256;
const SPEED_RUNS = 5;

const { values, positionals } = parseArgs({
  options: { 'no-speed': { type: 'boolean' } },
  allowPositionals: true,
});
const [set5, ...names] = positionals;
if (set5 === undefined) throw new Error('Expected the folder of Set5 as the first argument');

if (!values['no-speed']) Upscaler.configure({ threads: 1 });
const chosen = entries.filter(
  (entry) => (names.length === 0 || names.includes(entry.id)) && locate(entry) !== undefined,
);
for (const entry of chosen) {
  const upscaler = new Upscaler({ model: entry.id });
  try {
    await upscaler.ready;
    const facts = {};
    if (entry.scale > 1) facts.quality = { set5: await quality(set5, upscaler, entry) };
    if (!values['no-speed']) facts.relativeSpeed = await relativeSpeed(upscaler, entry);
    console.log(entry.id, JSON.stringify(facts));
    updateFacts({ [entry.id]: facts });
  } catch (error) {
    console.error(`${entry.id}: ${error.message}`);
    process.exitCode = 1;
  } finally {
    await upscaler.dispose();
  }
}

/**
 * Input pixels per second, the reference's being 1: both in turn, the median of the ratios.
 *
 * @param {InstanceType<typeof Upscaler>} upscaler
 * @param {import('../../lib/catalogue/entry').Entry} entry of its model
 */
async function relativeSpeed(upscaler, { channels }) {
  const colours = await pixels(readFileSync(path.join(set5, 'HR', 'butterfly.png')));
  const data = channels === 1 ? oneChannel(grey(colours)) : colours.data;
  const image = { ...colours, data, channels };
  if (image.width !== SPEED_SIDE || image.height !== SPEED_SIDE)
    throw new Error('Expected a butterfly of 256 x 256');
  const reference = new Upscaler({ model: REFERENCE });
  await seconds(reference, image);
  const ratios = [];
  for (let run = 0; run < SPEED_RUNS; run++) {
    const theirs = await seconds(upscaler, image);
    ratios.push((await seconds(reference, image)) / theirs);
    if (theirs > 5) break;
  }
  await reference.dispose();
  const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)];
  return Number(median.toPrecision(2));
}

/**
 * @param {InstanceType<typeof Upscaler>} upscaler
 * @param {object} image
 */
async function seconds(upscaler, image) {
  const start = process.hrtime.bigint();
  await upscaler.upscale(image, { output: 'raw' });
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/**
 * `node scripts/models/stability.mjs [model …] [--set stress|held-out] [--clones folder] [--every n] [--side n]
 * [--guard] [--int8] [--scale n] [--dry]`: on how many pictures, and how many pixels, the models that are here give
 * something that is not in the picture; written to lib/catalogue/facts.json as `stability`. Without a name, all of the
 * catalogue. `default`, which upscales n times, or twice, is measured, but not written; nor is anything that was measured
 * while pictures of the set are missing. What is measured is the network by itself; with --guard, what is left of it by
 * the guard, of models that have one; with --int8, the int8 form, wherever it would be taken.
 *
 * A pixel is blown where the result, reduced to the input's size, is farther from it than a method that is merely
 * blurred can be: see stress/compare.mjs. For slow models --every takes about every nth picture, --side the middle of
 * each, of so many pixels a side; the figures say how much they were measured on. `npm run models` brings the pages up
 * to date afterwards.
 */
import { createRequire } from 'node:module';
import { updateFacts } from './facts.mjs';
import { chosen } from './stress/chosen.mjs';
import { blown } from './stress/compare.mjs';
import { enlarge } from './stress/enlarge.mjs';

const require = createRequire(import.meta.url);
const { entries } = require('../../lib/catalogue');
const { locate } = require('../../lib/locate');
const { int8File } = require('../../lib/precision');

const { options, names, pictures, pixels, leftOut } = await chosen({
  guard: { type: 'boolean' },
  int8: { type: 'boolean' },
  dry: { type: 'boolean' },
  scale: { type: 'string' },
});
if (options.guard && options.int8) throw new Error('Expected --guard or --int8: int8 forms have no guard');

const asked = options.scale === undefined ? {} : { scale: Number(options.scale) };

const here = entries
  .filter((entry) => locate(entry) !== undefined && (!options.int8 || entry.precisions.includes('int8')))
  .map(({ id }) => id);
const wanted = names.length > 0 ? names : here;

const written = !options.dry && leftOut.length === 0;
for (const name of wanted) {
  const { kinds, total } = await measure(name);
  for (const [kind, found] of Object.entries(kinds)) console.log(name, kind, JSON.stringify(found));
  console.log(name, 'all', JSON.stringify(total));
  if (written && entries.some(({ id }) => id === name)) updateFacts({ [name]: facts(total) });
}
if (leftOut.length > 0)
  console.error(`\nThe set was not complete, so nothing was written:\n- ${leftOut.join('\n- ')}`);

/** What the catalogue says of it. */
function facts({ blownPictures, blownPixels }) {
  const megapixels = Number((pixels / 1e6).toFixed(1));
  const found = { set: options.set, pictures: pictures.length, megapixels, blownPictures, blownPixels };
  if (options.guard) return { guardedStability: found };
  return options.int8 ? { int8Stability: found } : { stability: found };
}

/** The int8 form, which a wish for int8 takes only where it is faster. @param {string} name of a model */
function int8(name) {
  const entry = entries.find(({ id }) => id === name);
  if (entry === undefined) throw new Error(`No model is called ${name}`);
  return enlarge(int8File(entry), { scale: entry.scale });
}

/** @param {string} name of a model, or Lanczos */
async function measure(name) {
  const enlarger = await (options.int8
    ? int8(name)
    : enlarge(name, { guard: options.guard === true, ...asked }));
  /** @type {Record<string, { pictures: number, blownPictures: number, blownPixels: number, farthest: number, guarded?: number, worst: string[] }>} */
  const kinds = {};
  try {
    for (const { kind, name: title, input, pixels: reference, original } of pictures) {
      const { result, guarded } = await enlarger.upscale(input);
      const found = blown(reference, result, original);
      const of = (kinds[kind] ??= {
        pictures: 0,
        blownPictures: 0,
        blownPixels: 0,
        farthest: 0,
        guarded: 0,
        worst: [],
      });
      of.pictures += 1;
      of.guarded += Number(guarded > 0);
      of.blownPixels += found.pixels;
      of.farthest = Math.max(of.farthest, Math.round(found.farthest));
      if (found.pixels > 0) {
        of.blownPictures += 1;
        if (of.worst.length < 5) of.worst.push(title);
      }
    }
  } finally {
    await enlarger.dispose();
  }
  const sum = (/** @type {'blownPictures' | 'blownPixels' | 'guarded'} */ key) =>
    Object.values(kinds).reduce((total, found) => total + found[key], 0);
  const farthest = Math.max(...Object.values(kinds).map((found) => found.farthest));
  return {
    kinds,
    total: {
      blownPictures: sum('blownPictures'),
      blownPixels: sum('blownPixels'),
      guarded: sum('guarded'),
      farthest,
    },
  };
}

/**
 * The stress set: pictures on which networks have been seen to fail, and photographs. What is generated is the same at
 * every run with the same seed.
 *
 * `stress` is what models are chosen and thresholds are derived on; `held-out` has other seeds, fonts, photographs and
 * screens, for judging what was chosen.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from '../../install.mjs';
import { chromium, fonts, photographFiles } from './bring.mjs';
import { codes } from './codes.mjs';
import { drawings } from './drawings.mjs';
import { forms } from './forms.mjs';
import { patterns } from './patterns.mjs';
import { photographs } from './photographs.mjs';
import { rgb } from './picture.mjs';
import { screens } from './screens.mjs';
import { texts } from './text.mjs';

const sharp = createRequire(import.meta.url)('sharp');

/** @typedef {import('./picture.mjs').Picture} Picture */

/** How many of each kind: of text for each font family. */
const SIZES = {
  stress: { patterns: 1, drawings: 20, codes: 15, texts: 12, screens: 18 },
  'held-out': { patterns: 0.3, drawings: 8, codes: 10, texts: 5, screens: 18 },
};

export const SETS = /** @type {const} */ (['stress', 'held-out']);

/**
 * @param {'stress' | 'held-out'} set
 * @param {{ clones?: string }} [options] clones: a folder with clones of the repositories that sources.json names
 * @returns {AsyncGenerator<Picture>}
 */
export async function* stressSet(set, { clones } = {}) {
  const count = SIZES[set];
  const families = fonts(set);
  yield* patterns(set, count.patterns);
  yield* codes(set, count.codes);
  yield* await drawings(set, count.drawings);
  yield* await texts(set, families, count.texts);
  yield* await forms(set, await part(set));
  const browser = chromium();
  if (browser) yield* await screens(set, browser, count.screens);
  yield* photographs(set, photographFiles(set, clones));
}

/** A part of an example photograph: another one in each set. */
async function part(set) {
  const [name, region] =
    set === 'stress'
      ? ['chelsea.png', { left: 110, top: 70, width: 120, height: 90 }]
      : ['astronaut.png', { left: 170, top: 20, width: 120, height: 90 }];
  return rgb(sharp(path.join(ROOT, 'examples', 'images', name)).extract(region));
}

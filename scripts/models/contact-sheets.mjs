/**
 * `npm run gallery [-- model …] [--set stress|held-out] [--clones folder] [--every n] [--side n] [--unguarded]`:
 * contact sheets of the stress set and of 40 photographs, each model beside Lanczos, under .cache/gallery: index.html
 * and two PNGs for each model. Without a name: the default, and every model of the catalogue that is here and not slow
 * (named, those too). --every and --side are for slow models: about every nth picture, and of each the middle, of so
 * many pixels a side.
 *
 * Of each picture the part is shown in which the two differ most, and of each kind of picture those that differ most:
 * what a model does wrong anywhere in the set is on the sheet.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from '../install.mjs';
import { chosen } from './stress/chosen.mjs';
import { enlarge, lanczos } from './stress/enlarge.mjs';
import { farthestPart, sheet } from './stress/sheet.mjs';

const require = createRequire(import.meta.url);
const { entries } = require('../../lib/catalogue');
const { locate } = require('../../lib/locate');

/** @typedef {import('./stress/picture.mjs').Picture} Picture */

const OUT = path.join(ROOT, '.cache', 'gallery');
/** Photographs, and their size at most: wholes of 256 pixels and details, so that a model takes a minute. */
const [PHOTOGRAPHS, PIXELS] = [40, 70_000];
/** Of each kind: pictures that are tried, and those of them that are shown. */
const [TRIED, SHOWN] = [6, 3];
/** Times as slow as span-2x at most, without being named. */
const SLOW = 0.15;

const { options, names, pictures, leftOut } = await chosen({ unguarded: { type: 'boolean' } });

const quick = entries.filter((entry) => locate(entry) !== undefined && (entry.relativeSpeed ?? 0) >= SLOW);
const wanted = names.length > 0 ? names : ['default', ...quick.map(({ id }) => id)];

const kinds = [...new Set(pictures.map(({ kind }) => kind))].filter((kind) => kind !== 'photo');
const photographs = spread(
  pictures.filter(({ kind, pixels }) => kind === 'photo' && pixels.width * pixels.height <= PIXELS),
  PHOTOGRAPHS,
);

mkdirSync(OUT, { recursive: true });
for (const name of wanted) {
  const enlarger = await enlarge(name, options.unguarded ? { guard: false } : undefined);
  try {
    const stress = [];
    for (const kind of kinds) {
      const tried = spread(
        pictures.filter((picture) => picture.kind === kind),
        TRIED,
      );
      const cells = await compareAll(tried, enlarger);
      stress.push(...cells.sort((a, b) => b.far - a.far).slice(0, SHOWN));
    }
    const photos = await compareAll(photographs, enlarger);
    const sheets = { stress, photographs: photos.sort((a, b) => b.far - a.far) };
    for (const [title, cells] of Object.entries(sheets)) {
      const file = `${name.replaceAll('/', '-')}-${title}${options.set === 'stress' ? '' : `-${options.set}`}.png`;
      writeFileSync(path.join(OUT, file), await sheet(`${name} (right) and Lanczos: ${title}`, cells));
      console.log(path.join(OUT, file));
    }
  } finally {
    await enlarger.dispose();
  }
}
// Sheets of earlier runs stay.
const sections = readdirSync(OUT)
  .filter((file) => file.endsWith('.png'))
  .map((file) => `<h2>${file.slice(0, -4)}</h2><img src="${file}" alt="Lanczos left, the model right">`);
const missing = leftOut.map((line) => `<p>Left out of the set: ${line.replaceAll('<', '&lt;')}</p>`).join('');
writeFileSync(
  path.join(OUT, 'index.html'),
  `<!doctype html><meta charset="utf-8"><title>Models and Lanczos</title><body style="font-family:sans-serif">
<p>In each pair Lanczos is on the left, the model on the right: the part in which the two differ most.</p>${missing}${sections.join('\n')}`,
);
console.log(path.join(OUT, 'index.html'));

/**
 * As many of a list as are wanted, evenly spread over it.
 *
 * @template T
 * @param {T[]} list
 * @param {number} count
 */
function spread(list, count) {
  if (list.length <= count) return list;
  return Array.from({ length: count }, (_, n) => list[Math.floor(((n + 0.5) * list.length) / count)]);
}

/**
 * @param {Picture[]} tried
 * @param {import('./stress/enlarge.mjs').Enlarger} enlarger
 * @returns {Promise<import('./stress/sheet.mjs').Cell[]>}
 */
async function compareAll(tried, enlarger) {
  const cells = [];
  for (const { name, input, pixels } of tried) {
    const { result } = await enlarger.upscale(input);
    const plain = await lanczos(pixels, result.width / pixels.width);
    cells.push({ name, ...farthestPart(plain, result) });
  }
  return cells;
}

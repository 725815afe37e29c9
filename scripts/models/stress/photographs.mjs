/** Photographs, each at several sizes. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { picture, rgb } from './picture.mjs';
import { random } from './random.mjs';

const sharp = createRequire(import.meta.url)('sharp');

/** @typedef {import('./picture.mjs').Picture} Picture */

/** The photograph as a whole, in pixels of its longer side: every third one large, for the time that all take. */
const WHOLE = [
  [480, 120],
  [256, 120],
  [208, 96],
];
/** Up to this, a photograph is taken at its own size, too: it is there that single spots fail. */
const OWN = 640;
/** Details: a part of the photograph reduced to these, or at its own size. */
const [DETAIL, DETAILS_OF] = [144, [1200, Infinity]];

/** @param {string} folder @returns {string[]} the pictures in it, at any depth */
export function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(png|jpe?g|webp)$/i.test(entry.name))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/**
 * @param {string} seed
 * @param {{ file: string, origin: string }[]} files
 * @returns {AsyncGenerator<Picture>}
 */
export async function* photographs(seed, files) {
  const names = new Map();
  for (const [index, { file, origin }] of files.entries()) {
    const base = path.parse(file).name;
    const count = (names.get(base) ?? 0) + 1;
    names.set(base, count);
    const name = count === 1 ? base : `${base}-${count}`;
    // Upright and in sRGB once: large files are read once, too.
    const whole = await rgb(file);
    const longest = Math.max(whole.width, whole.height);
    const image = () => sharp(whole.data, { raw: whole });
    const own = longest > WHOLE[0][0] && longest <= OWN ? [longest] : [];
    for (const side of [...own, ...WHOLE[index % WHOLE.length]]) {
      const size = { width: side, height: side, fit: 'inside', withoutEnlargement: true };
      yield picture('photo', `${name}-${side}`, await rgb(image().resize(size)), origin);
    }
    for (const of of DETAILS_OF.filter((side) => longest > Math.min(side, 400))) {
      const part = await detail(whole, Math.min(of, longest), random(`${seed} ${name} ${of}`));
      yield picture('photo', `${name}-detail-of-${Math.min(of, longest)}`, part, origin);
    }
  }
}

/** A part of the photograph, reduced so that its longer side would be `side`: edges are soft there, and noise is seen. */
async function detail(whole, side, rng) {
  const factor = side / Math.max(whole.width, whole.height);
  const [width, height] = [whole.width, whole.height].map((side) => Math.max(1, Math.round(side * factor)));
  const part = { width: Math.min(DETAIL, width), height: Math.min(DETAIL, height) };
  const [left, top] = [rng.integer(0, width - part.width), rng.integer(0, height - part.height)];
  const reduced = await sharp(whole.data, { raw: whole })
    .resize({ width, height, fit: 'fill' })
    .raw()
    .toBuffer();
  return rgb(sharp(reduced, { raw: { width, height, channels: 3 } }).extract({ left, top, ...part }));
}

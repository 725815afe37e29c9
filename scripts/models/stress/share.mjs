/** A share of the set, for slow models. */
import { random } from './random.mjs';

/**
 * @typedef {import('./picture.mjs').Picture} Picture
 * @typedef {import('./picture.mjs').Rgb} Rgb
 */

/**
 * @param {Picture[]} pictures
 * @param {{ every?: number, side?: number }} share every: about one picture of so many; side: of each picture its
 *   middle, of so many pixels a side at most
 * @returns {Picture[]}
 */
export function share(pictures, { every = 1, side = Infinity }) {
  // By name, so that a share has some of everything, and a larger one all of a smaller one.
  const chosen = pictures.filter(({ name }) => random(name).next() < 1 / every);
  return chosen.map((picture) => middleOf(picture, side));
}

/** A file that is cut becomes pixels. @param {Picture} picture @param {number} side */
function middleOf(picture, side) {
  const { pixels, original } = picture;
  if (pixels.width <= side && pixels.height <= side) return picture;
  const part = middle(pixels, side);
  return { ...picture, input: part, pixels: part, original: original && middle(original, side) };
}

/** @param {Rgb} pixels @param {number} side @returns {Rgb} */
function middle({ data, width, height, channels }, side) {
  const part = { width: Math.min(width, side), height: Math.min(height, side), channels };
  const [left, top] = [(width - part.width) >> 1, (height - part.height) >> 1];
  const cut = new Uint8Array(part.width * part.height * channels);
  for (let y = 0; y < part.height; y++) {
    const from = ((top + y) * width + left) * channels;
    cut.set(data.subarray(from, from + part.width * channels), y * part.width * channels);
  }
  return { ...part, data: cut };
}

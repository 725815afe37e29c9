// @ts-check
'use strict';

const { requiredInteger } = require('./check');
const { UpscalerError, invalidType, invalidValue, unreadable } = require('./errors');

/**
 * @typedef {import('../index.js').Patch} Patch
 * @typedef {{ origin: number, size: number }} Span
 */

/** A list of more is longer than any picture asks for: 16384 x 16384 pixels in patches of 16. */
const MAX_PATCHES = 2 ** 20;

/**
 * UpscalerJS's cut of a picture into patches, for those who lay them out themselves. Patches overlap by `padding`
 * on each side that has a neighbour; one that would reach over the far edge is moved back inside and keeps only
 * what the patches before it have not given. Coordinates are `[y, x]` and `[height, width]` in input pixels: `pre`
 * in the picture, `post` (the part to keep) within the patch.
 *
 * Our own tiling is another one, made of tiles that are cheap to compute; this function does not describe it.
 *
 * @param {[width: number, height: number]} size
 * @param {number} patchSize at least 1
 * @param {number} padding less than half of `patchSize`
 * @returns {Patch[][]} rows of patches
 */
function getPatchesFromImage(size, patchSize, padding) {
  const [width, height] = checkSize(size);
  requiredInteger('patchSize', patchSize, 1);
  requiredInteger('padding', padding, 0);
  if (padding * 2 >= patchSize)
    throw invalidValue('padding', `less than half of patchSize (${patchSize})`, padding);
  const least = patchSize - 2 * padding;
  const most = Math.ceil(width / least) * Math.ceil(height / least);
  if (most > MAX_PATCHES) {
    throw new UpscalerError(
      'ERR_UPSCALER_LIMIT',
      `Expected a cut into at most ${MAX_PATCHES} patches but ${width} x ${height} pixels make ${most}`,
    );
  }
  const columns = cutLine(width, patchSize, padding);
  return cutLine(height, patchSize, padding).map((y) =>
    columns.map((x) => ({
      pre: { origin: [y.pre.origin, x.pre.origin], size: [y.pre.size, x.pre.size] },
      post: { origin: [y.post.origin, x.post.origin], size: [y.post.size, x.post.size] },
    })),
  );
}

/**
 * @param {unknown} size
 * @returns {[width: number, height: number]}
 */
function checkSize(size) {
  try {
    if (!Array.isArray(size) || size.length !== 2) throw invalidType('size', '[width, height]', size);
    return [requiredInteger('size[0]', size[0], 0), requiredInteger('size[1]', size[1], 0)];
  } catch (cause) {
    throw unreadable('size', cause);
  }
}

/**
 * The same along one axis.
 *
 * @param {number} length
 * @param {number} patchSize
 * @param {number} padding
 * @returns {{ pre: Span, post: Span }[]}
 */
function cutLine(length, patchSize, padding) {
  const size = Math.min(patchSize, length);
  const cuts = [];
  for (let start = 0; start < length;) {
    const before = start === 0 || size === length ? 0 : padding;
    if (start + size > length) {
      const given = size - (length - start);
      cuts.push({ pre: { origin: length - size, size }, post: { origin: given, size: size - given } });
      start += size - before;
    } else {
      const after = size === length ? 0 : padding;
      const kept = size - before - after;
      cuts.push({ pre: { origin: start - before, size }, post: { origin: before, size: kept } });
      start += kept;
    }
  }
  return cuts;
}

module.exports = { getPatchesFromImage };

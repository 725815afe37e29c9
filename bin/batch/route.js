// @ts-check
'use strict';

const path = require('node:path');
const { entries } = require('../../lib/catalogue');
const { findByName } = require('../../lib/models');

/**
 * Which model upscales which picture. A name may stand for a family whose models differ in scale: each picture gets
 * the one that reaches its final size in one pass.
 *
 * @typedef {import('./header').Size} Size
 * @typedef {{ scale?: number, width?: number, height?: number }} Wanted
 * @typedef {{ label: string, usual: number | undefined, pick: (size?: Size) => string | undefined, varies?: boolean, note?: string }} Route
 *   `label`: for names of files. `usual`: the scale where none is asked for; `undefined`: only the loaded model knows.
 *   `pick`: the constructor's `model`, the same string for the same model. `varies`: it differs from picture to picture
 */

const SCALES = [...new Set(entries.map(({ scale }) => scale))].sort((a, b) => a - b);

/**
 * @param {string | undefined} model as it was named
 * @param {Wanted} wanted
 * @returns {Route}
 * @throws an UpscalerError if the catalogue knows that there is no such model
 */
function routeFor(model, wanted) {
  if (model === undefined || model.toLowerCase() === 'default') {
    return { label: 'default', usual: 2, pick: () => undefined };
  }
  const family = scalesOf(model);
  if (family.size > 1) return routeInFamily(model, family, wanted);
  const entry = family.size === 1 ? [...family.values()][0] : tryName(model);
  const label = entry?.id ?? path.basename(model, path.extname(model)).replace(/[^\p{L}\p{N}._-]+/gu, '-');
  return { label, usual: entry?.scale, pick: () => model, note: entry && noteOf(entry, wanted) };
}

/**
 * @param {string} name
 * @returns {Map<number, import('../../lib/catalogue/entry').Entry>} by scale, all that the name may mean
 */
function scalesOf(name) {
  const found = SCALES.map((scale) => tryName(name, scale)).filter((entry) => entry !== undefined);
  return new Map(found.map((entry) => [entry.scale, entry]));
}

/**
 * @param {string} name
 * @param {number} [scale]
 */
function tryName(name, scale) {
  try {
    return findByName(name, scale);
  } catch {
    return undefined;
  }
}

/**
 * @param {string} name
 * @param {ReturnType<typeof scalesOf>} family
 * @param {Wanted} wanted
 * @returns {Route}
 */
function routeInFamily(name, family, wanted) {
  const usual = tryName(name) ?? [...family.values()][0];
  const reaching = (/** @type {number} */ scale) =>
    [...family.values()].find((entry) => entry.scale >= scale) ?? [...family.values()][family.size - 1];
  if (wanted.width === undefined && wanted.height === undefined) {
    const { id } = wanted.scale === undefined ? usual : reaching(wanted.scale);
    return { label: id, usual: usual.scale, pick: () => id };
  }
  return {
    label: usual.family,
    usual: usual.scale,
    varies: true,
    pick: (size) => (size === undefined ? usual : reaching(scaleTo(size, wanted))).id,
  };
}

/**
 * How many times as large the result is, in the direction in which it grows most.
 *
 * @param {Size} size
 * @param {Wanted} wanted
 */
function scaleTo(size, { width = 0, height = 0 }) {
  return Math.max(width / size.width, height / size.height);
}

/**
 * @param {import('../../lib/catalogue/entry').Entry} entry that was named itself
 * @param {Wanted} wanted
 */
function noteOf({ id, family, scale, noise }, { scale: wanted }) {
  if (wanted === undefined || wanted <= scale || scale === 1) return undefined;
  const better = entries.find(
    (other) => other.family === family && other.noise === noise && other.scale >= wanted,
  );
  return `${id} upscales ${scale}x, so it runs twice for ${wanted}x${better === undefined ? '' : `; ${better.id} reaches it at once`}`;
}

module.exports = { routeFor, scalesOf };

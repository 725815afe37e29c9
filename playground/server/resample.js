// @ts-check
'use strict';

const { TILE, TILE_BYTES } = require('./surface');

/**
 * The two filters that everybody has, for comparison: bicubic (Keys 1981 with a = -1/2, as MATLAB's imresize and
 * sharp's `cubic`) and Lanczos with three lobes. Where a picture shrinks, the filter grows with it.
 *
 * @typedef {'bicubic' | 'lanczos'} Filter
 * @typedef {{ first: number, weights: Float64Array }[]} Taps for each result pixel, the first source pixel and weights
 */

/** @type {Record<Filter, { support: number, at: (x: number) => number }>} */
const FILTERS = {
  bicubic: { support: 2, at: cubic },
  lanczos: { support: 3, at: lanczos },
};

/** @param {number} x 0 or more */
function cubic(x) {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** @param {number} x 0 or more */
function lanczos(x) {
  if (x < 1e-9) return 1;
  const a = Math.PI * x;
  return x < 3 ? (3 * Math.sin(a) * Math.sin(a / 3)) / (a * a) : 0;
}

/**
 * @param {number} from pixels of the source's side
 * @param {number} to pixels of the result's side
 * @param {Filter} name
 * @param {number} [start] first result pixel
 * @param {number} [end] after the last
 * @returns {Taps} at the borders, weights of what is outside are left out
 */
function taps(from, to, name, start = 0, end = to) {
  const { support, at } = FILTERS[name];
  const ratio = from / to;
  const stretch = Math.max(ratio, 1);
  const reach = support * stretch;
  return Array.from({ length: Math.max(end - start, 0) }, (_, i) => {
    const centre = (start + i + 0.5) * ratio;
    const first = Math.max(Math.floor(centre - reach), 0);
    const last = Math.min(Math.ceil(centre + reach), from);
    const weights = Float64Array.from({ length: last - first }, (_, j) =>
      at(Math.abs(first + j + 0.5 - centre) / stretch),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * A whole picture at another size.
 *
 * @param {{ width: number, height: number, data: Uint8Array }} picture RGB, or with `channels` others
 * @param {number} width
 * @param {number} height
 * @param {Filter} filter
 * @param {number} [channels]
 * @returns {{ width: number, height: number, data: Uint8Array }}
 */
function resize(picture, width, height, filter, channels = 3) {
  const across = taps(picture.width, width, filter);
  const down = taps(picture.height, height, filter);
  const data = filtered(picture.data, picture.width, across, down, channels);
  return { width, height, data: Uint8Array.from(data, round) };
}

/**
 * One tile of a surface, as it would be at another size.
 *
 * @param {import('./surface').Surface} surface
 * @param {Filter} filter
 * @param {{ width: number, height: number }} size of the whole result
 * @param {number} column of the tile
 * @param {number} row
 * @returns {Buffer | undefined} RGBA, 256 x 256
 */
function resampledTile(surface, filter, { width, height }, column, row) {
  const [left, top] = [column * TILE, row * TILE];
  const [right, bottom] = [Math.min(left + TILE, width), Math.min(top + TILE, height)];
  if (!(left >= 0 && top >= 0 && left < width && top < height)) return undefined;
  const across = taps(surface.width, width, filter, left, right);
  const down = taps(surface.height, height, filter, top, bottom);
  const area = coveredArea(across, down);
  const source = premultiply(surface.area(area.x, area.y, area.width, area.height));
  const local = (/** @type {Taps} */ list, /** @type {number} */ origin) =>
    list.map(({ first, weights }) => ({ first: first - origin, weights }));
  const data = filtered(source, area.width, local(across, area.x), local(down, area.y), 4);
  return toTile(data, right - left, bottom - top);
}

/**
 * @param {Taps} across
 * @param {Taps} down
 */
function coveredArea(across, down) {
  const end = (/** @type {Taps} */ list) =>
    Math.max(...list.map(({ first, weights }) => first + weights.length));
  const [x, y] = [across, down].map((list) => Math.min(...list.map(({ first }) => first)));
  return { x, y, width: end(across) - x, height: end(down) - y };
}

/** @param {Uint8Array} pixels RGBA */
function premultiply(pixels) {
  const out = new Float64Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 4) {
    const alpha = pixels[i + 3] / 255;
    for (let c = 0; c < 3; c++) out[i + c] = pixels[i + c] * alpha;
    out[i + 3] = pixels[i + 3];
  }
  return out;
}

/**
 * @param {Float64Array} data premultiplied RGBA
 * @param {number} width at most a tile's
 * @param {number} height
 */
function toTile(data, width, height) {
  const tile = Buffer.alloc(TILE_BYTES);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [from, to] = [(y * width + x) * 4, (y * TILE + x) * 4];
      const alpha = Math.min(Math.max(data[from + 3], 0), 255);
      if (alpha === 0) continue;
      for (let c = 0; c < 3; c++) tile[to + c] = round((data[from + c] * 255) / alpha);
      tile[to + 3] = round(alpha);
    }
  }
  return tile;
}

/**
 * Rows first, then columns.
 *
 * @param {ArrayLike<number>} data
 * @param {number} width of the source
 * @param {Taps} across
 * @param {Taps} down
 * @param {number} channels
 */
function filtered(data, width, across, down, channels) {
  const height = data.length / (width * channels);
  const [outWidth, outHeight] = [across.length, down.length];
  const middle = new Float64Array(outWidth * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) {
      const { first, weights } = across[x];
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        let from = (y * width + first) * channels + c;
        for (let i = 0; i < weights.length; i++, from += channels) sum += weights[i] * data[from];
        middle[(y * outWidth + x) * channels + c] = sum;
      }
    }
  }
  const row = outWidth * channels;
  const out = new Float64Array(row * outHeight);
  for (let y = 0; y < outHeight; y++) {
    const { first, weights } = down[y];
    for (let i = 0; i < weights.length; i++) {
      const [weight, from, to] = [weights[i], (first + i) * row, y * row];
      for (let x = 0; x < row; x++) out[to + x] += weight * middle[from + x];
    }
  }
  return out;
}

/** @param {number} value */
function round(value) {
  return Math.min(Math.max(Math.round(value), 0), 255);
}

/** @param {string} name @returns {name is Filter} */
function isFilter(name) {
  return Object.hasOwn(FILTERS, name);
}

module.exports = { isFilter, resampledTile, resize };

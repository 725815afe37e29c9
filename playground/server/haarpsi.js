// @ts-check
'use strict';

/**
 * HaarPSI, a perceptual similarity that needs no trained network: R. Reisenhofer, S. Bosse, G. Kutyniok, T. Wiegand, "A
 * Haar wavelet-based perceptual similarity index for image quality assessment", Signal Processing: Image Communication
 * 61, 2018 (arXiv:1607.06140). Equal pictures have 1.
 *
 * @typedef {{ width: number, height: number, data: Float64Array }} Plane
 */

/** The paper's constants, fitted to four databases of human judgements. */
const C = 30;
const ALPHA = 4.2;

/** Rows of the conversion to YIQ, rounded as the paper's own code has them. */
const YIQ = [
  [0.299, 0.587, 0.114],
  [0.596, -0.274, -0.322],
  [0.211, -0.523, 0.312],
];

/** Sizes of the wavelets: two that similarity is taken from, and one that says how much a place matters. */
const FINE = [2, 4];
const COARSE = 8;

/**
 * @param {{ width: number, height: number, data: Uint8Array }} a RGB
 * @param {{ width: number, height: number, data: Uint8Array }} b of the same size
 * @returns {number} 0..1
 */
function haarPsi(a, b) {
  const [ya, ia, qa] = YIQ.map((row) => sums(subsample(plane(a, row))));
  const [yb, ib, qb] = YIQ.map((row) => sums(subsample(plane(b, row))));
  const { width, height } = ya;
  let [total, weights] = [0, 0];
  const add = (/** @type {number} */ similarity, /** @type {number} */ weight) => {
    total += weight / (1 + Math.exp(-ALPHA * similarity));
    weights += weight;
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let both = 0;
      for (const haar of [rising, sideways]) {
        const weight = Math.max(haar(ya, x, y, COARSE), haar(yb, x, y, COARSE));
        add(
          FINE.reduce((sum, size) => sum + alike(haar(ya, x, y, size), haar(yb, x, y, size)), 0) / 2,
          weight,
        );
        both += weight / 2;
      }
      const colour = alike(mean(ia, x, y), mean(ib, x, y)) + alike(mean(qa, x, y), mean(qb, x, y));
      add(colour / 2, both);
    }
  }
  if (weights === 0) return 1;
  const share = total / weights;
  return (Math.log(share / (1 - share)) / ALPHA) ** 2;
}

/**
 * @param {number} a
 * @param {number} b
 */
function alike(a, b) {
  return (2 * a * b + C) / (a * a + b * b + C);
}

/**
 * @param {{ width: number, height: number, data: Uint8Array }} picture
 * @param {number[]} weights of red, green and blue
 * @returns {Plane}
 */
function plane({ width, height, data }, [r, g, b]) {
  const out = new Float64Array(width * height);
  for (let i = 0, at = 0; i < out.length; i++, at += 3)
    out[i] = r * data[at] + g * data[at + 1] + b * data[at + 2];
  return { width, height, data: out };
}

/**
 * Halves a plane by means of squares; beyond its border everything is 0. This stands for the distance of a viewer.
 *
 * @param {Plane} plane
 * @returns {Plane}
 */
function subsample({ width, height, data }) {
  const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const out = new Float64Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const at = 2 * y * width + 2 * x;
      const [right, below] = [2 * x + 1 < width, 2 * y + 1 < height];
      const sum = data[at] + (right ? data[at + 1] : 0) + (below ? data[at + width] : 0);
      out[y * w + x] = (sum + (right && below ? data[at + width + 1] : 0)) / 4;
    }
  }
  return { width: w, height: h, data: out };
}

/**
 * The sums of all rectangles from the corner, one row and column larger.
 *
 * @param {Plane} plane
 */
function sums({ width, height, data }) {
  const stride = width + 1;
  const table = new Float64Array(stride * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += data[y * width + x];
      table[(y + 1) * stride + x + 1] = table[y * stride + x + 1] + row;
    }
  }
  return { width, height, table };
}

/**
 * @param {ReturnType<typeof sums>} sums
 * @param {number} left
 * @param {number} top
 * @param {number} right after the last column
 * @param {number} bottom after the last row
 */
function sum({ width, height, table }, left, top, right, bottom) {
  const [x0, x1] = [Math.max(left, 0), Math.min(right, width)];
  const [y0, y1] = [Math.max(top, 0) * (width + 1), Math.min(bottom, height) * (width + 1)];
  return table[y1 + x1] - table[y0 + x1] - table[y1 + x0] + table[y0 + x0];
}

/** Above against below, in a square of `size` around a place. @type {typeof sideways} */
function rising(of, x, y, size) {
  const half = size / 2;
  const [left, right] = [x - half + 1, x + half + 1];
  return (
    Math.abs(sum(of, left, y - half + 1, right, y + 1) - sum(of, left, y + 1, right, y + half + 1)) / size
  );
}

/**
 * Left against right.
 *
 * @param {ReturnType<typeof sums>} of
 * @param {number} x
 * @param {number} y
 * @param {number} size
 */
function sideways(of, x, y, size) {
  const half = size / 2;
  const [top, bottom] = [y - half + 1, y + half + 1];
  return (
    Math.abs(sum(of, x - half + 1, top, x + 1, bottom) - sum(of, x + 1, top, x + half + 1, bottom)) / size
  );
}

/**
 * @param {ReturnType<typeof sums>} of
 * @param {number} x
 * @param {number} y
 */
function mean(of, x, y) {
  return Math.abs(sum(of, x, y, x + 2, y + 2)) / 4;
}

module.exports = { haarPsi };

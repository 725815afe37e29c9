// @ts-check
'use strict';

const { haarPsi } = require('./haarpsi');

/**
 * How near a picture is to another.
 *
 * @typedef {{ width: number, height: number, data: Uint8Array }} Rgb
 * @typedef {{ width: number, height: number, data: Float64Array }} Plane
 */

/** The window of SSIM: Wang et al. 2004, section III.B. */
const SIGMA = 1.5;
const RADIUS = 5;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/**
 * @param {Rgb} found
 * @param {Rgb} wanted of the same size
 * @param {number} border pixels that are left out on each side, as papers on super-resolution leave out `scale`
 */
function compare(found, wanted, border) {
  const [a, b] = [found, wanted].map((picture) => crop(picture, border));
  const [lumaA, lumaB] = [a, b].map(luma);
  return { psnr: psnr(lumaA, lumaB), ssim: ssim(lumaA, lumaB), haarPsi: haarPsi(a, b) };
}

/**
 * @param {Rgb} picture
 * @param {number} border
 * @returns {Rgb}
 */
function crop({ width, height, data }, border) {
  const [w, h] = [width - 2 * border, height - 2 * border];
  const out = new Uint8Array(w * h * 3);
  for (let y = 0; y < h; y++) {
    const from = ((y + border) * width + border) * 3;
    out.set(data.subarray(from, from + w * 3), y * w * 3);
  }
  return { width: w, height: h, data: out };
}

/**
 * ITU-R BT.601 with its foot room, 16..235, as MATLAB's rgb2ycbcr and the papers have it.
 *
 * @param {Rgb} picture
 * @returns {Plane}
 */
function luma({ width, height, data }) {
  const out = new Float64Array(width * height);
  for (let i = 0, at = 0; i < out.length; i++, at += 3) {
    out[i] = 16 + (65.481 * data[at] + 128.553 * data[at + 1] + 24.966 * data[at + 2]) / 255;
  }
  return { width, height, data: out };
}

/**
 * @param {Plane} a
 * @param {Plane} b
 * @returns {number} dB; Infinity where they are equal
 */
function psnr(a, b) {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i] - b.data[i]) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.data.length));
}

/**
 * The mean structural similarity over all places where the window lies within the picture.
 *
 * @param {Plane} a
 * @param {Plane} b
 */
function ssim(a, b) {
  const { width, height } = a;
  const product = (/** @type {Plane} */ p, /** @type {Plane} */ q) => ({
    width,
    height,
    data: p.data.map((v, i) => v * q.data[i]),
  });
  const [ma, mb, aa, bb, ab] = [a, b, product(a, a), product(b, b), product(a, b)].map(windowed);
  let sum = 0;
  for (let i = 0; i < ma.length; i++) {
    const [squareA, squareB, both] = [ma[i] ** 2, mb[i] ** 2, ma[i] * mb[i]];
    const contrast = aa[i] - squareA + (bb[i] - squareB) + C2;
    sum += ((2 * both + C1) * (2 * (ab[i] - both) + C2)) / ((squareA + squareB + C1) * contrast);
  }
  return sum / ma.length;
}

const WINDOW = (() => {
  const weights = Array.from({ length: 2 * RADIUS + 1 }, (_, i) =>
    Math.exp(-((i - RADIUS) ** 2) / (2 * SIGMA ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
})();

/**
 * @param {Plane} plane
 * @returns {Float64Array} Gaussian means, where the window fits
 */
function windowed({ width, height, data }) {
  const [w, h] = [width - 2 * RADIUS, height - 2 * RADIUS];
  const across = new Float64Array(w * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < w; x++) {
      let sum = 0;
      for (let i = 0; i < WINDOW.length; i++) sum += WINDOW[i] * data[y * width + x + i];
      across[y * w + x] = sum;
    }
  }
  const out = new Float64Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let i = 0; i < WINDOW.length; i++) {
      const [weight, from, to] = [WINDOW[i], (y + i) * w, y * w];
      for (let x = 0; x < w; x++) out[to + x] += weight * across[from + x];
    }
  }
  return out;
}

module.exports = { compare, psnr, ssim };

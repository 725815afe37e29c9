// @ts-check
'use strict';

/**
 * Enlarges by Lanczos's window of three lobes, samples beyond the border left out: what a picture is without a network.
 * (sharp and libvips enlarge by cubics, whatever the kernel is called.)
 *
 * @typedef {import('./canvas').Pixels} Pixels
 */

const LOBES = 3;

/**
 * @param {Pixels} pixels
 * @param {number} width not less than before
 * @param {number} height not less than before
 * @returns {Pixels}
 */
function lanczos(pixels, width, height) {
  const wide = resizeRows(pixels.data, pixels.width, pixels.height, width);
  const turned = resizeRows(turn(wide, width, pixels.height), pixels.height, width, height);
  const data = Uint8Array.from(turn(turned, height, width), (value) =>
    Math.min(255, Math.max(0, Math.round(value))),
  );
  return { data, width, height, channels: 3 };
}

/**
 * @param {ArrayLike<number>} data
 * @param {number} from samples of a row
 * @param {number} rows
 * @param {number} to
 */
function resizeRows(data, from, rows, to) {
  const result = new Float32Array(to * rows * 3);
  for (let x = 0; x < to; x++) {
    const { first, weights } = weightsAt(((x + 0.5) * from) / to - 0.5, from);
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += weights[i] * data[3 * (row * from + first + i) + c];
        result[3 * (row * to + x) + c] = sum;
      }
    }
  }
  return result;
}

/**
 * @param {number} centre in samples
 * @param {number} count samples that there are; those beyond have no weight
 */
function weightsAt(centre, count) {
  const first = Math.max(0, Math.ceil(centre - LOBES));
  const last = Math.min(count - 1, Math.floor(centre + LOBES));
  const weights = Array.from({ length: last - first + 1 }, (_, i) => kernel(first + i - centre));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { first, weights: weights.map((weight) => weight / sum) };
}

/** @param {number} x */
function kernel(x) {
  return sinc(x) * sinc(x / LOBES);
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/**
 * Rows become columns.
 *
 * @param {Float32Array} data
 * @param {number} width
 * @param {number} height
 */
function turn(data, width, height) {
  const result = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) result[3 * (x * height + y) + c] = data[3 * (y * width + x) + c];
    }
  }
  return result;
}

module.exports = { lanczos };

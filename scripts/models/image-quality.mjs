/**
 * How pictures are compared in the super-resolution literature: on the luma of BT.601 in 16..235, borders left out.
 *
 * @typedef {{ data: Float64Array, width: number, height: number }} Plane
 * @typedef {{ data: Uint8Array, width: number, height: number }} Rgb interleaved
 */

/**
 * MATLAB's rgb2ycbcr, first channel, not rounded.
 *
 * @param {Rgb} image
 * @returns {Plane}
 */
export function luma({ data, width, height }) {
  const plane = new Float64Array(width * height);
  for (let i = 0; i < plane.length; i++) {
    const [r, g, b] = [data[3 * i], data[3 * i + 1], data[3 * i + 2]];
    plane[i] = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
  }
  return { data: plane, width, height };
}

/**
 * @param {Plane} plane
 * @param {number} border pixels to leave out on each side
 * @returns {Plane}
 */
export function crop(plane, border) {
  const width = plane.width - 2 * border;
  const height = plane.height - 2 * border;
  const data = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (y + border) * plane.width + border;
    data.set(plane.data.subarray(start, start + width), y * width);
  }
  return { data, width, height };
}

/**
 * @param {Plane} a
 * @param {Plane} b of the same size
 * @returns {number} dB, of a peak of 255
 */
export function psnr(a, b) {
  const squares = a.data.reduce((sum, value, i) => sum + (value - b.data[i]) ** 2, 0);
  return 10 * Math.log10((255 ** 2 * a.data.length) / squares);
}

/**
 * Structural similarity: Wang et al. 2004, with their 11x11 Gaussian window of 1.5 and constants.
 *
 * @param {Plane} a
 * @param {Plane} b of the same size
 */
export function ssim(a, b) {
  const times = (/** @type {Plane} */ p, /** @type {Plane} */ q) => ({
    ...p,
    data: p.data.map((value, i) => value * q.data[i]),
  });
  const [meanA, meanB, aa, bb, ab] = [a, b, times(a, a), times(b, b), times(a, b)].map(blur);
  const c1 = (0.01 * 255) ** 2;
  const c2 = (0.03 * 255) ** 2;
  const total = meanA.data.reduce((sum, ma, i) => {
    const mb = meanB.data[i];
    const covariance = ab.data[i] - ma * mb;
    const variances = aa.data[i] - ma * ma + (bb.data[i] - mb * mb);
    return sum + ((2 * ma * mb + c1) * (2 * covariance + c2)) / ((ma * ma + mb * mb + c1) * (variances + c2));
  }, 0);
  return total / meanA.data.length;
}

const RADIUS = 5;
const SIGMA = 1.5;
const WINDOW = Array.from({ length: 2 * RADIUS + 1 }, (_, i) =>
  Math.exp(-((i - RADIUS) ** 2) / (2 * SIGMA * SIGMA)),
);
const WEIGHT = WINDOW.reduce((sum, value) => sum + value);

/** @param {Plane} plane @returns {Plane} where the whole window fits */
function blur({ data, width, height }) {
  const narrow = width - 2 * RADIUS;
  const rows = new Float64Array(narrow * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < narrow; x++) {
      rows[y * narrow + x] = WINDOW.reduce((sum, weight, i) => sum + weight * data[y * width + x + i], 0);
    }
  }
  const low = height - 2 * RADIUS;
  const result = new Float64Array(narrow * low);
  for (let y = 0; y < low; y++) {
    for (let x = 0; x < narrow; x++) {
      result[y * narrow + x] = WINDOW.reduce(
        (sum, weight, i) => sum + weight * rows[(y + i) * narrow + x],
        0,
      );
    }
  }
  return { data: result.map((value) => value / WEIGHT ** 2), width: narrow, height: low };
}

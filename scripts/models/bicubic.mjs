/**
 * MATLAB's imresize with its default kernel, which is how Set5's small pictures are made: bicubic (a = -0.5), widened
 * against aliasing where the picture shrinks, edges mirrored, rounded to 8 bits. Of Set5's own x2 and x4 pictures it makes five
 * samples in six exactly and the others to within 2 of 255.
 *
 * @typedef {import('./image-quality.mjs').Rgb} Rgb
 */

/**
 * @param {Rgb} image
 * @param {number} scale of which both sides have a multiple
 * @returns {Rgb}
 */
export function resize({ data, width, height }, scale) {
  const narrow = Math.round(width * scale);
  const low = Math.round(height * scale);
  const columns = resample(data, { count: height, step: 3 * width }, { count: width, step: 3 }, narrow);
  const rows = resample(columns, { count: narrow, step: 3 }, { count: height, step: 3 * narrow }, low);
  // The second pass leaves the picture column by column.
  const result = new Uint8Array(3 * narrow * low);
  for (let y = 0; y < low; y++) {
    for (let x = 0; x < narrow; x++) {
      for (let c = 0; c < 3; c++) {
        const value = rows[3 * (x * low + y) + c];
        result[3 * (y * narrow + x) + c] = Math.min(255, Math.max(0, Math.round(value)));
      }
    }
  }
  return { data: result, width: narrow, height: low };
}

/**
 * Resizes each line along one axis.
 *
 * @param {ArrayLike<number>} data
 * @param {{ count: number, step: number }} lines how many, and how far apart in `data`
 * @param {{ count: number, step: number }} pixels of a line
 * @param {number} wanted pixels
 * @returns {Float64Array} line after line
 */
function resample(data, lines, pixels, wanted) {
  const by = pixels.count / wanted;
  const result = new Float64Array(lines.count * wanted * 3);
  for (let to = 0; to < wanted; to++) {
    const weights = weightsAt((to + 0.5) * by - 0.5, by);
    for (let line = 0; line < lines.count; line++) {
      for (let c = 0; c < 3; c++) {
        result[3 * (line * wanted + to) + c] = weights.reduce((sum, [from, weight]) => {
          return sum + weight * data[line * lines.step + mirror(from, pixels.count) * pixels.step + c];
        }, 0);
      }
    }
  }
  return result;
}

/**
 * @param {number} center
 * @param {number} by
 * @returns {[number, number][]} positions and their weights, which sum to 1
 */
function weightsAt(center, by) {
  const spread = Math.max(by, 1);
  const first = Math.ceil(center - 2 * spread);
  const last = Math.floor(center + 2 * spread);
  const weights = Array.from({ length: last - first + 1 }, (_, i) => cubic((first + i - center) / spread));
  const sum = weights.reduce((all, one) => all + one);
  return weights.map((weight, i) => [first + i, weight / sum]);
}

/** @param {number} x Keys 1981, a = -0.5 */
function cubic(x) {
  const d = Math.abs(x);
  if (d <= 1) return 1.5 * d ** 3 - 2.5 * d ** 2 + 1;
  return d <= 2 ? -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2 : 0;
}

/**
 * @param {number} at
 * @param {number} count
 */
function mirror(at, count) {
  const folded = ((at % (2 * count)) + 2 * count) % (2 * count);
  return folded < count ? folded : 2 * count - 1 - folded;
}

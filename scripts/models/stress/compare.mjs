/**
 * Whether a result shows what was upscaled.
 *
 * The result is reduced to the input's size by the mean of each area of scale x scale, and compared pixel by pixel. A
 * method that loses all detail gives the mean of a pixel's neighbourhood, which is at most about half the range of its
 * values away; what is farther has been invented. Lanczos-3 and cubic resampling stay within that half and 16 of 255
 * on the whole stress set, the networks that never failed on photographs within 9 there; blown results are hundreds
 * away before they are clamped, and mostly still more than 32 after it.
 */

/**
 * @typedef {{ data: ArrayLike<number>, width: number, height: number }} Pixels interleaved, three channels, 0..255
 */

/** The share of the range of the 3x3 pixels around, which losing detail explains. */
const RANGE_SHARE = 0.5;
/** And what rounding, ringing and sharpening may add, of 255: twice what Lanczos needs. */
const MARGIN = 32;

/**
 * @param {Pixels} input
 * @param {Pixels} result a whole number of times as large
 * @param {Pixels} [original] the input before it was compressed with losses: what a network that takes them away comes
 *   nearer to is not invented
 * @returns {{ pixels: number, farthest: number }} the input's pixels that are blown, and by how much the worst of all
 *   is beyond what losing detail explains
 */
export function blown(input, result, original = input) {
  const beyond = excess(input, result);
  const beyondOriginal = original === input ? beyond : excess(original, result);
  let [pixels, farthest] = [0, 0];
  for (let at = 0; at < beyond.length; at++) {
    const value = Math.min(beyond[at], beyondOriginal[at]);
    if (value > MARGIN) pixels += 1;
    if (value > farthest) farthest = value;
  }
  return { pixels, farthest };
}

/**
 * For each pixel of the input, how much farther the result is than losing detail explains: of its channels the largest.
 * What is not a number is infinitely far.
 *
 * @param {Pixels} input
 * @param {Pixels} result a whole number of times as large
 * @returns {Float32Array} 0 where it is near enough
 */
export function excess(input, result) {
  const { width, height } = input;
  const scale = result.width / width;
  if (!Number.isInteger(scale) || result.height !== height * scale)
    throw new Error(`Expected a multiple of ${width}x${height} but found ${result.width}x${result.height}`);
  const found = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      for (let c = 0; c < 3; c++) {
        const off = Math.abs(mean(result, x * scale, y * scale, scale, c) - input.data[at * 3 + c]);
        const beyond = off - RANGE_SHARE * range(input, x, y, c);
        // Not Math.max: what is not a number is the worst there is.
        if (!(beyond <= found[at])) found[at] = Number.isNaN(beyond) ? Infinity : beyond;
      }
    }
  }
  return found;
}

/** @param {Pixels} result */
function mean({ data, width }, left, top, side, channel) {
  let sum = 0;
  for (let y = top; y < top + side; y++) {
    for (let x = left; x < left + side; x++) sum += data[(y * width + x) * 3 + channel];
  }
  return sum / (side * side);
}

/** Of the 3x3 pixels around a place, as far as they are there. @param {Pixels} input */
function range({ data, width, height }, x, y, channel) {
  let [low, high] = [Infinity, -Infinity];
  for (let j = Math.max(0, y - 1); j <= Math.min(height - 1, y + 1); j++) {
    for (let i = Math.max(0, x - 1); i <= Math.min(width - 1, x + 1); i++) {
      const value = data[(j * width + i) * 3 + channel];
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return high - low;
}

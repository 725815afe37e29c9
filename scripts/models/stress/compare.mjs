/** How far a result is from what was upscaled. */

/**
 * @typedef {{ data: ArrayLike<number>, width: number, height: number }} Pixels interleaved, three channels, 0..255
 */

/**
 * The result reduced to the size of the input by the mean of each area of scale x scale, against the input.
 *
 * @param {Pixels} input
 * @param {Pixels} result a whole number of times as large
 * @returns {Float32Array} for each pixel of the input the largest difference of its channels; what is not a number is
 *   infinitely far
 */
export function differences(input, result) {
  const scale = result.width / input.width;
  if (!Number.isInteger(scale) || result.height !== input.height * scale)
    throw new Error(
      `Expected a multiple of ${input.width}x${input.height} but found ${result.width}x${result.height}`,
    );
  const found = new Float32Array(input.width * input.height);
  for (let y = 0; y < input.height; y++) {
    for (let x = 0; x < input.width; x++) {
      const at = y * input.width + x;
      for (let c = 0; c < 3; c++) {
        const off = Math.abs(mean(result, x * scale, y * scale, scale, c) - input.data[at * 3 + c]);
        // Not Math.max: what is not a number is the worst there is.
        if (!(off <= found[at])) found[at] = Number.isNaN(off) ? Infinity : off;
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

/** Grey pictures of colour ones: BT.601 luma in full range, as JPEG, sharp and PNG writers take it. */

/**
 * @param {import('./image-quality.mjs').Rgb} picture
 * @returns {import('./image-quality.mjs').Rgb} grey in all three channels
 */
export function grey({ data, ...size }) {
  const levels = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at += 3) {
    levels.fill(Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]), at, at + 3);
  }
  return { ...size, data: levels };
}

/**
 * @param {import('./image-quality.mjs').Rgb} picture that is grey
 * @returns {Buffer} a byte for each pixel
 */
export function oneChannel({ data }) {
  return Buffer.from(data.filter((_, at) => at % 3 === 0));
}

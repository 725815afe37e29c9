/** One picture of the stress set. */
import { createRequire } from 'node:module';

const sharp = createRequire(import.meta.url)('sharp');

/**
 * @typedef {{ data: Uint8Array, width: number, height: number, channels: 3 }} Rgb interleaved, 8 bits
 *
 * @typedef {object} Picture
 * @property {string} name unique in the set
 * @property {string} kind `text`, `photo`, …
 * @property {string} origin where it comes from
 * @property {Rgb | Buffer} input what is upscaled: pixels, or a file
 * @property {Rgb} pixels what the result is compared with
 * @property {Rgb} [original] what `input` was before it was compressed with losses: as right, where they are taken away
 */

/**
 * @param {string} kind
 * @param {string} name
 * @param {Rgb} pixels
 * @param {string} [origin]
 * @returns {Picture}
 */
export function picture(kind, name, pixels, origin = 'generated') {
  return { name: `${kind}/${name}`, kind, origin, input: pixels, pixels };
}

/**
 * @param {number} width
 * @param {number} height
 * @param {(x: number, y: number) => readonly number[]} at 0..255 for each of three channels
 * @returns {Rgb}
 */
export function paint(width, height, at) {
  const data = new Uint8ClampedArray(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(at(x, y), (y * width + x) * 3);
  }
  return { data: new Uint8Array(data.buffer), width, height, channels: 3 };
}

/**
 * What sharp makes of a file: turned upright, sRGB, on white where it is transparent.
 *
 * @param {any} image sharp's instance, or a file
 * @returns {Promise<Rgb>}
 */
export async function rgb(image) {
  const source = Buffer.isBuffer(image) || typeof image === 'string' ? sharp(image).autoOrient() : image;
  const { data, info } = await source
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`Expected 3 channels but found ${info.channels}`);
  return { data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 };
}

/** @param {string} svg @returns {Promise<Rgb>} */
export const drawn = (svg) => rgb(sharp(Buffer.from(svg)));

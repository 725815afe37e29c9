/** Quality on Set5, from PNG to PNG, on the luma channel without borders, as papers give it. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { resize } from './bicubic.mjs';
import { grey, oneChannel } from './grey.mjs';
import { crop, luma, psnr, ssim } from './image-quality.mjs';

/**
 * The means of all pictures.
 *
 * @param {string} set5 its folder
 * @param {InstanceType<typeof import('../../index.js')>} upscaler
 * @param {import('../../lib/catalogue/entry').Entry} entry of the upscaler's model
 */
export async function quality(set5, upscaler, { scale, channels }) {
  const figures = await qualities(set5, upscaler, scale, channels);
  const mean = (/** @type {'psnrY' | 'ssimY'} */ key) =>
    figures.reduce((sum, figure) => sum + figure[key], 0) / figures.length;
  return { psnrY: round(mean('psnrY'), 2), ssimY: round(mean('ssimY'), 4) };
}

/**
 * @param {string} set5 its folder
 * @param {InstanceType<typeof import('../../index.js')>} upscaler
 * @param {number} scale
 * @param {number} [channels] 1 for grey pictures
 */
export async function qualities(set5, upscaler, scale, channels) {
  const figures = [];
  for (const file of readdirSync(path.join(set5, 'HR'))) {
    const name = path.basename(file, '.png');
    const { large, small } = await pair(set5, name, scale, channels);
    const result = await pixels(await upscaler.upscale(small));
    const [found, wanted] = [result, large].map((image) => crop(luma(image), scale));
    figures.push({ name, psnrY: psnr(found, wanted), ssimY: ssim(found, wanted) });
  }
  return figures;
}

/**
 * @param {string} set5
 * @param {string} name
 * @param {number} scale
 * @param {number} [channels]
 * @returns {Promise<{ large: import('./image-quality.mjs').Rgb, small: Buffer }>} the original, cut to a multiple of
 *   the scale, and a small PNG of it
 */
async function pair(set5, name, scale, channels) {
  const original = readFileSync(path.join(set5, 'HR', `${name}.png`));
  const { width, height } = await sharp(original).metadata();
  const [cutWidth, cutHeight] = [width, height].map((side) => side - (side % scale));
  const cut = sharp(original).extract({ left: 0, top: 0, width: cutWidth, height: cutHeight });
  const colours = await pixels(await cut.png().toBuffer());
  if (channels === 1) {
    const large = grey(colours);
    const small = resize(large, 1 / scale);
    return { large, small: await png(small, oneChannel(small)) };
  }
  const ready = path.join(set5, `x${scale}`, `${name}x${scale}.png`);
  if (existsSync(ready)) return { large: colours, small: readFileSync(ready) };
  const small = resize(colours, 1 / scale);
  return { large: colours, small: await png(small, small.data) };
}

/**
 * A picture as a file.
 *
 * @param {{ width: number, height: number }} size
 * @param {Uint8Array} samples as many of each pixel as it has channels
 */
export function png({ width, height }, samples) {
  const channels = /** @type {1 | 3 | 4} */ (samples.length / width / height);
  return sharp(samples, { raw: { width, height, channels } }).png().toBuffer();
}

/** @param {Buffer} file */
export async function pixels(file) {
  const { data, info } = await sharp(file)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/**
 * @param {number} value
 * @param {number} digits
 */
function round(value, digits) {
  return Number(value.toFixed(digits));
}

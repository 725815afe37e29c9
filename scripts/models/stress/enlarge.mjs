/** A model, or Lanczos, as something that enlarges pictures of the stress set. */
import { createRequire } from 'node:module';
import { rgb } from './picture.mjs';

const require = createRequire(import.meta.url);
const sharp = require('sharp');
const Upscaler = require('../../../index.js');

/** Names of methods of sharp that are no models. */
const KERNELS = { lanczos: 'lanczos3', cubic: 'cubic' };

/**
 * @typedef {import('./compare.mjs').Pixels} Pixels
 * @typedef {import('./picture.mjs').Picture} Picture
 *
 * @typedef {object} Enlarger
 * @property {(input: Picture['input']) => Promise<{ result: Pixels, guarded: number }>} upscale guarded: the share of
 *   the pixels that were replaced
 * @property {() => Promise<void>} dispose
 */

/**
 * @param {string} name of a model, `lanczos` or `cubic` (at 2x)
 * @param {object} [options] of the upscaler
 * @returns {Promise<Enlarger>}
 */
export async function enlarge(name, options = {}) {
  if (Object.hasOwn(KERNELS, name)) return resampler(KERNELS[name]);
  const upscaler = new Upscaler({ model: name, ...options });
  await upscaler.ready;
  return {
    upscale: async (input) => {
      const { data, info } = await upscaler.upscale(input, { output: 'tensor', resolveWithObject: true });
      return { result: colours(data), guarded: info.guarded ?? 0 };
    },
    dispose: () => upscaler.dispose(),
  };
}

/** @param {'lanczos3' | 'cubic'} kernel @returns {Enlarger} at 2x */
function resampler(kernel) {
  const pixels = async (input) => (Buffer.isBuffer(input) ? rgb(input) : input);
  return {
    upscale: async (input) => ({ result: await lanczos(await pixels(input), 2, kernel), guarded: 0 }),
    dispose: async () => {},
  };
}

/** Three channels: grey is repeated, alpha left out. */
function colours({ data, shape: [height, width, channels] }) {
  if (channels === 3) return { data, width, height };
  const same = channels < 3;
  const three = new Float32Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) three[i * 3 + c] = data[i * channels + (same ? 0 : c)];
  }
  return { data: three, width, height };
}

/**
 * @param {import('./picture.mjs').Rgb} pixels
 * @param {number} scale
 * @param {'lanczos3' | 'cubic'} [kernel]
 * @returns {Promise<Pixels>}
 */
export async function lanczos({ data, width, height }, scale, kernel = 'lanczos3') {
  const size = { width: width * scale, height: height * scale };
  const enlarged = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ ...size, kernel, fit: 'fill' })
    .raw()
    .toBuffer();
  return { data: enlarged, ...size };
}

// @ts-check
'use strict';

/**
 * The library's own decoder, without a network: a model of scale 1 that does nothing. What the page shows is therefore
 * what a network is given: upright, in sRGB, alpha and all.
 */

/**
 * An ONNX file of one operator, Relu, for pictures of any size. Values are 0..1, so it changes none of them; an
 * Identity would leave nothing to compute.
 */
const NOTHING = Buffer.from(
  'CAg6UgoMCgF4EgF5IgRSZWx1EgR0ZXN0Wh0KAXgSGAoWCAESEgoCCAEKAggDCgMSAWgKAxIBd2IdCgF5EhgKFggBEhIKAggBCgIIAwoDEgFICgMSAVdCAhAR',
  'base64',
);

/**
 * @param {typeof import('../../index.js')} Upscaler
 * @param {number} limitInputPixels of pictures and of results, which are looked at too
 */
function createDecoder(Upscaler, limitInputPixels) {
  const options = { model: NOTHING, scale: 1, limitInputPixels, allowPaths: false };
  /** @type {InstanceType<typeof Upscaler> | undefined} */
  let upscaler;
  const instance = () => (upscaler ??= new Upscaler(options));
  return {
    /**
     * @param {Buffer} file
     * @param {{ width?: number, height?: number, fit?: 'fill' }} [size] the library's Lanczos, where it is another
     * @returns {Promise<import('./surface').Pixels>} 8 bits, 1 to 4 channels
     */
    decode: (file, size) => instance().upscale(file, { ...size, output: 'raw', depth: 8 }),
    /**
     * @param {{ data: Uint8Array, width: number, height: number, channels: number }} pixels
     * @param {{ format: 'jpeg' | 'webp' | 'png', quality?: number }} options
     * @returns {Promise<Buffer>}
     */
    encode: (pixels, { format, quality }) => instance().upscale(pixels, { format, quality }),
    dispose: async () => upscaler?.dispose(),
  };
}

module.exports = { createDecoder };

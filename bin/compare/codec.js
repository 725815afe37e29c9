// @ts-check
'use strict';

const { LIMITS } = require('../limits');

/**
 * The library's decoders and encoders without a network between them: an instance whose network gives what it is given
 * (one Relu, which changes nothing in 0..1).
 *
 * @typedef {import('./canvas').Pixels} Pixels
 */

const UNCHANGED = Buffer.from(
  'CAg6UgoMCgF4EgF5IgRSZWx1EgR0ZXN0Wh0KAXgSGAoWCAESEgoCCAEKAggDCgMSAWgKAxIBd2IdCgF5EhgKFggBEhIKAggBCgIIAwoDEgFoCgMSAXdCAhAR',
  'base64',
);

class Codec {
  #upscaler;

  constructor() {
    // Only now: it loads the addon.
    const Upscaler = require('../../index.js');
    this.#upscaler = new Upscaler({ model: UNCHANGED, scale: 1, ...LIMITS });
  }

  /**
   * @param {string} file
   * @returns {Promise<Pixels>} RGB; transparency on white
   */
  async decode(file) {
    const options = /** @type {const} */ ({
      output: 'raw',
      depth: 8,
      alpha: 'remove',
      background: '#ffffff',
    });
    const { data, width, height, channels } = await this.#upscaler.upscale(file, options);
    if (channels === 3) return { data: /** @type {Buffer} */ (data), width, height, channels };
    const colour = Uint8Array.from(
      { length: width * height * 3 },
      (_, i) => data[Math.floor(i / 3) * channels],
    );
    return { data: colour, width, height, channels: 3 };
  }

  /**
   * @param {Pixels} pixels
   * @param {'png' | 'jpeg' | 'webp' | 'tiff'} [format]
   * @returns {Promise<Buffer>}
   */
  encode(pixels, format = 'png') {
    return this.#upscaler.upscale(pixels, { format });
  }

  dispose() {
    return this.#upscaler.dispose();
  }
}

module.exports = { Codec };

// @ts-check
'use strict';

const { LIMITS } = require('../limits');

/**
 * The models of a batch, each loaded once, when a picture first needs it.
 *
 * @typedef {import('../../index.js')} Upscaler
 */
class Networks {
  /** @type {Map<string | undefined, Upscaler>} */
  #upscalers = new Map();
  #Upscaler;
  #options;

  /**
   * @param {{
   *   precision?: 'fp32' | 'int8',
   *   guard?: boolean,
   *   threads?: number,
   *   maxPixels?: number,
   *   maxOutputPixels?: number,
   * }} options `threads`: of the whole process
   * @param {AbortSignal} signal stops the loading of models
   */
  constructor({ precision, guard, threads, maxPixels, maxOutputPixels }, signal) {
    // Only now: it loads the addon.
    this.#Upscaler = require('../../index.js');
    this.#options = {
      precision,
      guard,
      limitInputPixels: maxPixels ?? LIMITS.limitInputPixels,
      limitOutputPixels: maxOutputPixels ?? LIMITS.limitOutputPixels,
      limitInputBytes: LIMITS.limitInputBytes,
      signal,
    };
    if (threads !== undefined) this.#Upscaler.configure({ threads });
  }

  /**
   * @param {string | undefined} model
   * @returns {Upscaler}
   */
  get(model) {
    let upscaler = this.#upscalers.get(model);
    if (upscaler === undefined) {
      upscaler = new this.#Upscaler({ model, ...this.#options });
      this.#upscalers.set(model, upscaler);
    }
    return upscaler;
  }

  async dispose() {
    await Promise.all([...this.#upscalers.values()].map((upscaler) => upscaler.dispose()));
  }
}

module.exports = { Networks };

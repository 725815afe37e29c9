'use strict';

const Upscaler = require('../..');

/**
 * An instance for as long as `use` takes.
 *
 * @template T
 * @param {ConstructorParameters<typeof Upscaler>[0]} options
 * @param {(upscaler: Upscaler) => Promise<T>} use
 */
async function withUpscaler(options, use) {
  const upscaler = new Upscaler(options);
  try {
    return await use(upscaler);
  } finally {
    await upscaler.dispose();
  }
}

module.exports = { withUpscaler };

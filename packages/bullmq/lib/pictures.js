// @ts-check
'use strict';

const { webcrypto } = require('node:crypto');
const { UpscalerError } = require('upscaler-node');

/**
 * @typedef {import('../index.js').Store} Store
 * @typedef {{ inline: string } | { key: string }} Packed bytes in base64, or where they are in the store
 */

const KIB = 1024;
/** With a store, larger pictures stay out of Redis, which keeps everything in memory. */
const INLINE_WITH_STORE = 256 * KIB;
const INLINE_ALONE = 16 * KIB * KIB;

/** How pictures travel between producers and workers: small ones inside their job, large ones through a store. */
class Pictures {
  #store;
  #limit;

  /** @param {{ store?: Store, inlineLimit?: number }} options */
  constructor({ store, inlineLimit }) {
    this.#store = store;
    this.#limit = inlineLimit ?? (store === undefined ? INLINE_ALONE : INLINE_WITH_STORE);
  }

  /**
   * @param {string} folder
   * @param {Buffer} bytes
   * @param {string} [type] media type
   * @returns {Promise<Packed>}
   * @throws `ERR_UPSCALER_LIMIT` where they are too large for Redis and there is no store
   */
  async pack(folder, bytes, type) {
    if (bytes.length <= this.#limit) return { inline: bytes.toString('base64') };
    if (this.#store === undefined) {
      throw new UpscalerError(
        'ERR_UPSCALER_LIMIT',
        `Expected at most ${this.#limit} bytes without a store (inlineLimit) but received ${bytes.length}`,
      );
    }
    // The name is the content: whoever writes it again writes the same.
    const key = `${folder}/${await digest(bytes)}`;
    await this.#store.put(key, bytes, type);
    return { key };
  }

  /** @param {Packed} packed */
  async unpack(packed) {
    if ('inline' in packed) return Buffer.from(packed.inline, 'base64');
    return this.#stored(packed.key).get(packed.key);
  }

  /**
   * What tells two contents of a key apart.
   *
   * @param {string} key
   */
  async version(key) {
    return this.#stored(key).version?.(key);
  }

  /** @param {string} key */
  #stored(key) {
    if (this.#store) return this.#store;
    throw new UpscalerError('ERR_UPSCALER_READ', `Expected a store for ${key} but none was given (store)`);
  }
}

/**
 * SHA-256, off the event loop.
 *
 * @param {Uint8Array} bytes
 * @returns {Promise<string>} base64url
 */
async function digest(bytes) {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('base64url');
}

module.exports = { Pictures, digest };

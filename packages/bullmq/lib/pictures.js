// @ts-check
'use strict';

const { webcrypto } = require('node:crypto');
const { UpscalerError } = require('upscaler-node');

/**
 * @typedef {import('../index.js').Store} Store
 * @typedef {import('bullmq').Job} Job
 * @typedef {import('bullmq').Queue | import('bullmq').Worker} Connected
 * @typedef {object} BinaryClient
 * @property {(key: string, bytes: Buffer, options: { EX: number }) => Promise<unknown>} set
 * @property {(key: string) => Promise<Buffer | null>} getBuffer
 * @property {(key: string) => Promise<number>} exists
 * @property {(key: string) => Promise<number>} del
 * @typedef {{ inline: string } | { key: string } | { result: string }} Packed bytes in base64; where they are in the
 *   store; the job with whose result they are kept in Redis
 */

const KIB = 1024;
/** With a store, larger pictures stay out of Redis, which keeps everything in memory. */
const INLINE_WITH_STORE = 256 * KIB;
const INLINE_ALONE = 16 * KIB * KIB;

/** How long a result outlives its job, which is removed with the next that ends. */
const GRACE_SECONDS = 60;
const HOUR = 3600;

/** How pictures travel between producers and workers: small ones through Redis, large ones through a store. */
class Pictures {
  #queue;
  #store;
  #limit;

  /**
   * @param {Connected} queue
   * @param {{ store?: Store, inlineLimit?: number }} options
   */
  constructor(queue, { store, inlineLimit }) {
    this.#queue = queue;
    this.#store = store;
    this.#limit = inlineLimit ?? (store === undefined ? INLINE_ALONE : INLINE_WITH_STORE);
  }

  /**
   * A picture for a job, inside of it if it is small: where the job is, its picture is.
   *
   * @param {Buffer} bytes
   * @returns {Promise<Packed>}
   * @throws `ERR_UPSCALER_LIMIT` where they are too large for Redis and there is no store
   */
  async packInput(bytes) {
    if (bytes.length <= this.#limit) return { inline: bytes.toString('base64') };
    return this.#putIntoStore('inputs', bytes);
  }

  /**
   * A result, beside its job: what a job returns goes to every producer with the event that says so.
   *
   * @param {Job} job
   * @param {Buffer} bytes
   * @param {string} type media type
   * @returns {Promise<Packed>}
   * @throws `ERR_UPSCALER_LIMIT` where they are too large for Redis and there is no store
   */
  async packResult(job, bytes, type) {
    if (bytes.length > this.#limit) return this.#putIntoStore('results', bytes, type);
    const id = /** @type {string} */ (job.id);
    const redis = await this.#redis();
    await redis.set(this.#resultKey(id), bytes, { EX: keptSeconds(job) + GRACE_SECONDS });
    return { result: id };
  }

  /**
   * @param {string} folder
   * @param {Buffer} bytes
   * @param {string} [type] media type
   */
  async #putIntoStore(folder, bytes, type) {
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
    if ('key' in packed) return this.#stored(packed.key).get(packed.key);
    const bytes = await (await this.#redis()).getBuffer(this.#resultKey(packed.result));
    if (bytes === null)
      throw new UpscalerError('ERR_UPSCALER_READ', 'Expected a result that has not expired');
    return bytes;
  }

  /**
   * Whether a result is gone.
   *
   * @param {Packed} packed
   */
  async hasExpired(packed) {
    if ('inline' in packed) return false;
    if ('key' in packed) return this.#isMissing(packed.key);
    return (await (await this.#redis()).exists(this.#resultKey(packed.result))) === 0;
  }

  /** @param {string} key */
  async #isMissing(key) {
    const store = this.#store;
    if (store === undefined) return false;
    try {
      // A store need not have versions: reading then says whether it is there.
      if ((await store.version?.(key)) === undefined) await store.get(key);
      return false;
    } catch {
      // What cannot be read now is of no use either.
      return true;
    }
  }

  /**
   * Removes the result of a job from Redis. What is in a store may be that of another job too.
   *
   * @param {string} id
   */
  async forgetResult(id) {
    await (await this.#redis()).del(this.#resultKey(id));
  }

  /** BullMQ's client, which is one of ioredis: bytes need not be text. @returns {Promise<BinaryClient>} */
  async #redis() {
    return /** @type {any} */ (await this.#queue.client);
  }

  /** @param {string} id */
  #resultKey(id) {
    return this.#queue.toKey(`result:${id}`);
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
 * How long a job is kept once it has ended; one that was not added by `UpscaleQueue` may not say.
 *
 * @param {{ opts: import('bullmq').JobsOptions }} job
 */
function keptSeconds({ opts }) {
  const { age = HOUR } = /** @type {{ age?: number }} */ (Object(opts.removeOnComplete));
  return age;
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

module.exports = { Pictures, digest, keptSeconds };

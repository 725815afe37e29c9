// @ts-check
'use strict';

const { Readable } = require('node:stream');
const { AbortError, fromNative } = require('./errors');

/**
 * @typedef {import('./call').Call} Call
 * @typedef {import('./native').NativeStreamHeader} NativeStreamHeader
 * @typedef {import('./native').NativeUpscaler} NativeUpscaler
 */

/**
 * The encoded result of a call while it is computed. It pulls chunks from the addon, whose work waits for a slow reader.
 */
class ResultStream extends Readable {
  #native;
  #call;
  /** Settles with the call. @type {Promise<unknown>} */
  #done;
  /** The first bytes, read by `opened`. @type {Buffer | undefined} */
  #first;
  /** Resolves when the work has ended, with an error or without; chunks may still wait to be read. @type {Promise<void>} */
  made;

  /**
   * @param {NativeUpscaler} native whose stream of the call is open
   * @param {Call} call
   * @param {Promise<unknown>} done
   * @param {number} highWaterMark bytes
   */
  constructor(native, call, done, highWaterMark) {
    super({ highWaterMark });
    this.#native = native;
    this.#call = call;
    this.#done = done;
    this.made = done.then(nothing, nothing);
  }

  /**
   * Waits for the first bytes, so that what fails before them rejects the call instead of ending a stream.
   *
   * @returns {Promise<NativeStreamHeader>}
   */
  async opened() {
    const failed = new Promise((_, reject) => this.#done.catch(reject));
    const next = () => Promise.race([failed, this.#native.nextChunk(this.#call.id)]);
    const { header } = (await next()) ?? {};
    const { data } = (await next()) ?? {};
    // Without chunks the call has failed, and rejects.
    if (header === undefined || data === undefined) return failed;
    this.#first = data;
    // From here on the stream reports errors.
    this.#done.catch((error) => this.destroy(error));
    return header;
  }

  _read() {
    const first = this.#first;
    this.#first = undefined;
    if (first) this.push(first);
    else this.#next().catch((error) => this.destroy(error));
  }

  async #next() {
    const chunk = await this.#native.nextChunk(this.#call.id);
    if (chunk?.data) {
      this.push(chunk.data);
      return;
    }
    await this.#done;
    this.push(null);
  }

  /**
   * @param {Error | null} error
   * @param {(error: Error | null) => void} callback
   */
  _destroy(error, callback) {
    this.#native.closeStream(this.#call.id);
    this.#call.cancel(error ?? new AbortError());
    callback(error && /** @type {Error} */ (fromNative(error)));
  }
}

function nothing() {}

module.exports = { ResultStream };

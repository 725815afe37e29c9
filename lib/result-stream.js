// @ts-check
'use strict';

const { Readable } = require('node:stream');
const { AbortError, fromNative } = require('./errors');

/**
 * @typedef {import('./call').Call} Call
 * @typedef {import('./native').NativeHead} NativeHead
 * @typedef {import('./native').NativeUpscaler} NativeUpscaler
 */

/**
 * The encoded result of a call, as it is made. It is pulled out of the addon, whose work waits for who does not read.
 */
class ResultStream extends Readable {
  #native;
  #call;
  /** Settles with the call. @type {Promise<unknown>} */
  #done;
  /** Read to learn that there is one. @type {Buffer | undefined} */
  #first;
  /** Resolves when the work is over, well or not; what was made may still wait to be read. @type {Promise<void>} */
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
   * @returns {Promise<NativeHead>}
   */
  async opened() {
    const failed = new Promise((_, reject) => this.#done.catch(reject));
    const next = () => Promise.race([failed, this.#native.nextPiece(this.#call.id)]);
    const { head } = (await next()) ?? {};
    const { data } = (await next()) ?? {};
    // Without pieces it has failed, and says how.
    if (head === undefined || data === undefined) return failed;
    this.#first = data;
    // From here on the stream tells.
    this.#done.catch((error) => this.destroy(error));
    return head;
  }

  _read() {
    const first = this.#first;
    this.#first = undefined;
    if (first) this.push(first);
    else this.#next().catch((error) => this.destroy(error));
  }

  async #next() {
    const piece = await this.#native.nextPiece(this.#call.id);
    if (piece?.data) {
      this.push(piece.data);
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

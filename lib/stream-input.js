// @ts-check
'use strict';

const { Readable, addAbortSignal } = require('node:stream');
const { types } = require('node:util');
const { isObject } = require('./check');
const { UpscalerError, invalidType } = require('./errors');

/**
 * Pictures that arrive piece by piece. A stream that goes on for ever, or stands still, is given up: while it is read
 * it takes a place in the queue.
 */

/** How long a stream may give nothing, in milliseconds: what a phone takes to change its network. */
const LONGEST_PAUSE = 30_000;

/** How long a stream may take from its first byte to its last: what Node's HTTP server gives a request. */
const LONGEST_STREAM = 300_000;

/**
 * @param {Readable | ReadableStream} stream read to its end, or destroyed
 * @param {number} limit in bytes
 * @param {AbortSignal} signal
 * @param {{ pause?: number, all?: number }} [times] in milliseconds
 */
async function readStream(stream, limit, signal, { pause = LONGEST_PAUSE, all = LONGEST_STREAM } = {}) {
  const patience = new Patience(signal, pause, all);
  /** @type {Uint8Array[]} */
  const chunks = [];
  let total = 0;
  try {
    for await (const chunk of addAbortSignal(patience.signal, toNodeStream(stream))) {
      patience.renew();
      if (!types.isUint8Array(chunk)) throw invalidType('a chunk of the image stream', 'bytes', chunk);
      total += chunk.byteLength;
      if (total > limit) {
        throw new UpscalerError(
          'ERR_UPSCALER_LIMIT',
          `Expected at most ${limit} bytes (limitInputBytes) from a stream`,
        );
      }
      chunks.push(chunk);
    }
  } catch (cause) {
    if (patience.lost !== undefined) throw patience.lost;
    if (cause instanceof UpscalerError) throw cause;
    throw new UpscalerError('ERR_UPSCALER_READ', 'Could not read the image stream', { cause });
  } finally {
    patience.end();
  }
  return Buffer.concat(chunks, total);
}

/** Ends the reading of a stream that takes too long, and of one that nobody wants any more. */
class Patience {
  #controller = new AbortController();
  #outer;
  #pause;
  #pauseTimer;
  #allTimer;
  /** Why it was ended, if it took too long. @type {UpscalerError | undefined} */
  lost;

  /**
   * @param {AbortSignal} outer
   * @param {number} pause
   * @param {number} all
   */
  constructor(outer, pause, all) {
    this.#outer = outer;
    this.#pause = pause;
    this.#pauseTimer = this.#after(pause, `bytes from the image stream within ${pause} ms but none came`);
    this.#allTimer = this.#after(all, `the image stream to end within ${all} ms`);
    if (outer.aborted) this.#follow();
    else outer.addEventListener('abort', this.#follow, { once: true });
  }

  get signal() {
    return this.#controller.signal;
  }

  /** Something came. */
  renew() {
    this.#pauseTimer.refresh();
  }

  end() {
    clearTimeout(this.#pauseTimer);
    clearTimeout(this.#allTimer);
    this.#outer.removeEventListener('abort', this.#follow);
  }

  #follow = () => this.#controller.abort(this.#outer.reason);

  /**
   * @param {number} time
   * @param {string} expected
   */
  #after(time, expected) {
    const give = () => {
      this.lost ??= new UpscalerError('ERR_UPSCALER_READ', `Expected ${expected}`);
      this.#controller.abort(this.lost);
    };
    return setTimeout(give, time);
  }
}

/** @param {Readable | ReadableStream} stream */
function toNodeStream(stream) {
  return 'getReader' in stream
    ? Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (stream))
    : stream;
}

/**
 * @param {unknown} value
 * @returns {value is Readable | ReadableStream}
 */
function isStream(value) {
  if (!isObject(value)) return false;
  if (typeof value.getReader === 'function') return true;
  return typeof value.pipe === 'function' && Symbol.asyncIterator in value;
}

module.exports = { isStream, readStream };

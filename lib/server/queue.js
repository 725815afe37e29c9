// @ts-check
'use strict';

const { AbortError, UpscalerError } = require('../errors');

/**
 * @typedef {object} Options
 * @property {AbortSignal} signal
 * @property {boolean} [later] whatever is not goes before it: nobody holds a connection open for it
 * @property {(position: number) => void} [onMoved] hears the place in the queue, from 1 on, whenever it changes
 * @typedef {object} Place a task that waits
 * @property {() => void} start
 * @property {boolean} later
 * @property {((position: number) => void) | undefined} onMoved
 */

/** Weight of the newest duration in the mean, so that about the last eight count. */
const NEWEST = 1 / 8;

/** Tasks in their order, so many at a time. What nobody waits for any more is taken out, not computed. */
class Queue {
  #concurrency;
  #running = 0;
  /** @type {Place[]} */
  #waiting = [];
  /** Mean duration of a task in milliseconds. @type {number | undefined} */
  #mean;

  /** @param {number} concurrency */
  constructor(concurrency) {
    this.#concurrency = concurrency;
  }

  get running() {
    return this.#running;
  }

  get waiting() {
    return this.#waiting.length;
  }

  /** Those that wait and are not for later. */
  get #urgent() {
    const at = this.#waiting.findIndex(({ later }) => later);
    return at < 0 ? this.waiting : at;
  }

  /** Milliseconds that a task which came now would wait, by how long the last ones took. */
  get expectedWait() {
    if (this.#running < this.#concurrency) return 0;
    return ((this.#urgent + 1) * (this.#mean ?? 1000)) / this.#concurrency;
  }

  /**
   * @template T
   * @param {() => Promise<T>} task
   * @param {Options} options
   * @returns {Promise<T>}
   * @throws the signal's reason, as an AbortError, where it aborts before the task has begun
   */
  async run(task, options) {
    await this.#turn(options);
    const begun = performance.now();
    try {
      return await task();
    } finally {
      const took = performance.now() - begun;
      this.#mean = this.#mean === undefined ? took : this.#mean + (took - this.#mean) * NEWEST;
      this.#running -= 1;
      this.#next();
    }
  }

  /** @param {Options} options */
  async #turn(options) {
    if (options.signal.aborted) throw asError(options.signal.reason);
    if (this.#running < this.#concurrency) {
      this.#running += 1;
      return;
    }
    await this.#wait(options);
  }

  /** @param {Options} options */
  #wait({ signal, later = false, onMoved }) {
    return new Promise((resolve, reject) => {
      const leave = () => {
        const at = this.#waiting.indexOf(place);
        if (at >= 0) this.#waiting.splice(at, 1);
        this.#tell(at);
        reject(asError(signal.reason));
      };
      /** @type {Place} */
      const place = {
        start: () => {
          signal.removeEventListener('abort', leave);
          resolve(undefined);
        },
        later,
        onMoved,
      };
      signal.addEventListener('abort', leave, { once: true });
      const at = later ? this.waiting : this.#urgent;
      this.#waiting.splice(at, 0, place);
      this.#tell(at);
    });
  }

  #next() {
    const place = this.#running < this.#concurrency ? this.#waiting.shift() : undefined;
    if (place === undefined) return;
    this.#running += 1;
    place.start();
    this.#tell(0);
  }

  /** @param {number} from the first place that has moved up */
  #tell(from) {
    for (let at = Math.max(from, 0); at < this.#waiting.length; at++) this.#waiting[at].onMoved?.(at + 1);
  }
}

/** @param {unknown} reason */
function asError(reason) {
  return reason instanceof UpscalerError ? reason : new AbortError(undefined, { cause: reason });
}

module.exports = { Queue };

// @ts-check
'use strict';

const { AbortError, UpscalerError } = require('upscaler-node');
const { fromFailure, queueError } = require('./failure');

/**
 * @typedef {import('bullmq').Job} Job
 * @typedef {import('bullmq').QueueEvents} QueueEvents
 * @typedef {import('./pictures').Pictures} Pictures
 * @typedef {import('../index.js').JobProgress} JobProgress
 * @typedef {import('../index.js').UpscaledResult} UpscaledResult
 * @typedef {{ events: QueueEvents, pictures: Pictures }} Surroundings
 */

/** A picture in the queue, as its producer sees it. */
class UpscaleJob {
  #job;
  #surroundings;

  /**
   * @param {Job} job
   * @param {Surroundings} surroundings
   */
  constructor(job, surroundings) {
    this.#job = job;
    this.#surroundings = surroundings;
  }

  get id() {
    return /** @type {string} */ (this.#job.id);
  }

  /** BullMQ's own. */
  get job() {
    return this.#job;
  }

  /**
   * Waits for the result.
   *
   * @param {{ signal?: AbortSignal, timeout?: number }} [options] which end the waiting, not the job
   * @returns {Promise<UpscaledResult>}
   */
  async finished({ signal, timeout } = {}) {
    return this.#open(await this.#settled({ signal, timeout }));
  }

  /**
   * Waits for the results of `addVariants`, in the order of the variants.
   *
   * @param {{ signal?: AbortSignal, timeout?: number }} [options]
   * @returns {Promise<UpscaledResult[]>}
   */
  async variants(options = {}) {
    const { variants } = await this.#settled(options);
    return Promise.all(variants.map((/** @type {any} */ value) => this.#open(value)));
  }

  /**
   * @param {{ signal?: AbortSignal, timeout?: number }} options
   * @returns {Promise<any>} what the worker returned
   */
  async #settled({ signal, timeout }) {
    const { events } = this.#surroundings;
    if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
    /** @type {() => void} */
    let stop = () => {};
    const ended = new Promise((_, reject) => {
      const aborted = () => reject(new AbortError(undefined, { cause: signal?.reason }));
      const removed = (/** @type {{ jobId: string }} */ { jobId }) => {
        if (jobId === this.id) reject(new AbortError('The job was cancelled'));
      };
      signal?.addEventListener('abort', aborted, { once: true });
      events.on('removed', removed);
      stop = () => {
        signal?.removeEventListener('abort', aborted);
        events.off('removed', removed);
      };
    });
    try {
      return await Promise.race([this.#job.waitUntilFinished(events, timeout), ended]);
    } catch (error) {
      throw this.#reasonOf(error, timeout);
    } finally {
      stop();
    }
  }

  /**
   * @param {unknown} error
   * @param {number} [timeout]
   */
  #reasonOf(error, timeout) {
    if (error instanceof UpscalerError) return error;
    const { message } = /** @type {Error} */ (error);
    if (/timed out before finishing/.test(message)) {
      return new UpscalerError('ERR_UPSCALER_TIMEOUT', `Expected a result within ${timeout} ms (timeout)`);
    }
    return /^Connection is closed|ECONN/.test(message) ? queueError(error) : fromFailure(message);
  }

  /** @param {{ picture: import('./pictures').Packed, info: import('upscaler-node').OutputInfo }} value */
  async #open({ picture, info }) {
    const data = await this.#surroundings.pictures.unpack(picture);
    return { data, info, ...('key' in picture ? { key: picture.key } : {}) };
  }

  /** Forgets a job that has ended, with its result. */
  async remove() {
    await this.#job.remove();
    await this.#surroundings.pictures.forgetResult(this.id);
  }

  /**
   * The job's progress as it comes, until it has ended; the last of a job that is done says 100 percent.
   *
   * @returns {AsyncGenerator<JobProgress>}
   */
  async *progress() {
    const { events } = this.#surroundings;
    /** @type {JobProgress[]} */
    const seen = [];
    let wake = () => {};
    let over = false;
    const onProgress = (/** @type {{ jobId: string, data: any }} */ { jobId, data }) => {
      if (jobId !== this.id) return;
      seen.push(data);
      wake();
    };
    events.on('progress', onProgress);
    this.#settled({})
      .then(
        () => seen.push({ percent: 100, stage: 'encode' }),
        () => {},
      )
      .finally(() => {
        over = true;
        wake();
      });
    try {
      while (!over || seen.length > 0) {
        const next = seen.shift();
        if (next !== undefined) yield next;
        else await new Promise((resolve) => (wake = () => resolve(undefined)));
      }
    } finally {
      events.off('progress', onProgress);
    }
  }
}

module.exports = { UpscaleJob };

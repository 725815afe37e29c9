// @ts-check
'use strict';

const { progressOf, waitForEnd } = require('./waiting');

/**
 * @typedef {import('bullmq').Job} Job
 * @typedef {import('bullmq').Queue} Queue
 * @typedef {import('bullmq').QueueEvents} QueueEvents
 * @typedef {import('./pictures').Pictures} Pictures
 * @typedef {import('../index.js').UpscaledResult} UpscaledResult
 * @typedef {import('../index.js').WaitOptions} WaitOptions
 * @typedef {{ queue: Queue, events: QueueEvents, pictures: Pictures }} Surroundings
 */

/** Between the ids of variants: it is in none of them. */
const SEPARATOR = '+';

/** A picture in the queue as its producer sees it, or several variants of it: each of those is a job by itself. */
class UpscaleJob {
  #jobs;
  #surroundings;

  /**
   * @param {Job[]} jobs
   * @param {Surroundings} surroundings
   */
  constructor(jobs, surroundings) {
    this.#jobs = jobs;
    this.#surroundings = surroundings;
  }

  get id() {
    return this.#ids.join(SEPARATOR);
  }

  get #ids() {
    return this.#jobs.map(({ id }) => /** @type {string} */ (id));
  }

  /** BullMQ's own. */
  get job() {
    return this.#jobs[0];
  }

  // These are not async: a method that waits would keep the pictures in `#jobs` for as long.

  /**
   * Waits for the result.
   *
   * @param {WaitOptions} [options] which end the waiting, not the job
   * @returns {Promise<UpscaledResult>}
   */
  finished(options) {
    return firstResult(this.#surroundings, this.#ids, options);
  }

  /**
   * Waits for the results of `addVariants`, in the order of the variants.
   *
   * @param {WaitOptions} [options]
   * @returns {Promise<UpscaledResult[]>}
   */
  variants(options) {
    return allResults(this.#surroundings, this.#ids, options);
  }

  /** The job's progress as it comes, until it has ended; the last of a job that is done says 100 percent. */
  progress() {
    return progressOf(this.#surroundings, this.#ids);
  }

  /** Forgets a job that has ended, with its result. */
  async remove() {
    const jobs = new Map(this.#jobs.map((job) => [/** @type {string} */ (job.id), job]));
    for (const [id, job] of jobs) {
      await job.remove();
      await this.#surroundings.pictures.forgetResult(id);
    }
  }
}

/**
 * @param {Surroundings} surroundings
 * @param {string[]} ids
 * @param {WaitOptions} [options]
 */
async function firstResult(surroundings, ids, options) {
  const [first] = await waitForEnd(surroundings, ids, options);
  return open(surroundings, first);
}

/**
 * @param {Surroundings} surroundings
 * @param {string[]} ids
 * @param {WaitOptions} [options]
 */
async function allResults(surroundings, ids, options) {
  const values = await waitForEnd(surroundings, ids, options);
  return Promise.all(values.map((value) => open(surroundings, value)));
}

/**
 * @param {Surroundings} surroundings
 * @param {{ picture: import('./pictures').Packed, info: import('upscaler-node').OutputInfo }} value
 * @returns {Promise<UpscaledResult>}
 */
async function open({ pictures }, { picture, info }) {
  const data = await pictures.unpack(picture);
  return { data, info, ...('key' in picture ? { key: picture.key } : {}) };
}

module.exports = { UpscaleJob, SEPARATOR };

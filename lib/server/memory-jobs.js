// @ts-check
'use strict';

const { randomUUID } = require('node:crypto');
const { AbortError } = require('../errors');
const { toProblem } = require('./problem');
const { RequestError } = require('./request-error');
const { watchPicture } = require('./watch');

/**
 * @typedef {import('./service').Service} Service
 * @typedef {import('./types/server').JobRequest} JobRequest
 * @typedef {import('./types/server').JobStore} JobStore
 * @typedef {import('./types/server').JobView} JobView
 * @typedef {import('../../index.js').OutputInfo} OutputInfo
 * @typedef {object} Job
 * @property {JobView} view
 * @property {AbortController} controller
 * @property {Set<(view: JobView) => void>} listeners
 * @property {string | undefined} filename
 * @property {{ data: Buffer, info: OutputInfo }} [result]
 * @property {boolean} [fetched]
 * @property {NodeJS.Timeout} [expiry]
 */

/**
 * Jobs of one process, in its memory.
 *
 * @implements {JobStore}
 */
class MemoryJobs {
  #service;
  #options;
  /** @type {Map<string, Job>} */
  #jobs = new Map();
  #resultBytes = 0;
  /** Who waits for finished jobs to be fetched. @type {(() => void)[]} */
  #drained = [];

  /**
   * @param {Service} service
   * @param {{ ttl: number, max: number, maxBytes: number }} options
   */
  constructor(service, options) {
    this.#service = service;
    this.#options = options;
  }

  /** @param {JobRequest} request */
  async add({ image, options, model, filename }) {
    this.#makeRoom();
    if (this.#jobs.size >= this.#options.max) throw new RequestError(503, 'Too many jobs are kept already');
    if (this.#resultBytes >= this.#options.maxBytes) {
      throw new RequestError(503, 'Too many results wait to be fetched');
    }
    const hold = this.#service.hold();
    try {
      hold.take(image.length);
    } catch (error) {
      hold.leave();
      throw error;
    }
    /** @type {Job} */
    const job = {
      view: { id: randomUUID(), state: 'waiting', percent: 0 },
      controller: new AbortController(),
      listeners: new Set(),
      filename,
    };
    this.#jobs.set(job.view.id, job);
    this.#run(job, image, { options, model }).finally(() => hold.leave());
    return job.view;
  }

  /** @param {string} id */
  async get(id) {
    return this.#jobs.get(id)?.view;
  }

  /** @param {string} id */
  async result(id) {
    const job = this.#jobs.get(id);
    if (job?.result === undefined) return undefined;
    return { ...job.result, filename: job.filename };
  }

  /** @param {string} id */
  fetched(id) {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.fetched = true;
    this.#checkDrained();
  }

  /** @param {string} id */
  async cancel(id) {
    const job = this.#jobs.get(id);
    if (job === undefined) return undefined;
    job.controller.abort(new AbortError());
    if (isOver(job)) this.#forget(id);
    else this.#finish(job, { state: 'cancelled' });
    return job.view;
  }

  /**
   * @param {string} id
   * @param {(view: JobView) => void} listener
   */
  async subscribe(id, listener) {
    const listeners = this.#jobs.get(id)?.listeners;
    listeners?.add(listener);
    return () => void listeners?.delete(listener);
  }

  /** Resolves when all jobs are done, and results have been fetched or have expired. */
  async drain() {
    if (!this.#isDrained()) await new Promise((resolve) => this.#drained.push(() => resolve(undefined)));
  }

  async close() {
    for (const [id, job] of [...this.#jobs]) {
      job.controller.abort(new AbortError());
      if (!isOver(job)) this.#finish(job, { state: 'cancelled' });
      this.#forget(id);
    }
  }

  /**
   * @param {Job} job
   * @param {Buffer} image
   * @param {import('./parameters').Choice} choice
   */
  async #run(job, image, choice) {
    const watch = watchPicture(this.#service.observers, 'jobs');
    watch.read(image.length);
    try {
      const { timeout } = this.#service.settings.limits;
      const result = await this.#service.upscale(
        image,
        { ...choice, options: { ...choice.options, timeout } },
        {
          signal: job.controller.signal,
          watch,
          later: true,
          onMoved: (position) => this.#change(job, { position }),
          onBegun: () => this.#change(job, { state: 'active', stage: 'decode', position: undefined }),
          onProgress: (fraction) => this.#progress(job, fraction),
        },
      );
      watch.end(200);
      if (isOver(job)) return;
      job.result = result;
      this.#resultBytes += result.data.length;
      const { width, height, format, size, model, durationMs } = result.info;
      this.#finish(job, {
        state: 'done',
        percent: 100,
        result: { width, height, format, size, model, durationMs },
      });
    } catch (error) {
      const problem = toProblem(error);
      watch.end(problem.status, problem.code);
      if (!isOver(job)) this.#finish(job, { state: 'failed', error: problem });
    }
  }

  /**
   * @param {Job} job
   * @param {number} fraction
   */
  #progress(job, fraction) {
    if (isOver(job)) return;
    this.#change(job, { percent: Math.round(fraction * 100), stage: fraction < 1 ? 'upscale' : 'encode' });
  }

  /**
   * @param {Job} job
   * @param {Partial<JobView>} change
   */
  #finish(job, change) {
    const expiresAt = new Date(Date.now() + this.#options.ttl).toISOString();
    this.#change(job, { ...change, stage: undefined, position: undefined, expiresAt });
    job.expiry = setTimeout(() => this.#forget(job.view.id), this.#options.ttl).unref();
    this.#checkDrained();
  }

  /**
   * @param {Job} job
   * @param {Partial<JobView>} change
   */
  #change(job, change) {
    job.view = { ...job.view, ...change };
    for (const listener of [...job.listeners]) listener(job.view);
  }

  /** Forgets jobs whose result nobody waits for, the oldest first, until another may be added. */
  #makeRoom() {
    const { max, maxBytes } = this.#options;
    for (const [id, job] of this.#jobs) {
      const tooMany = this.#jobs.size >= max;
      const tooLarge = this.#resultBytes >= maxBytes;
      if (isSpent(job) && (tooMany || (tooLarge && job.result))) this.#forget(id);
    }
  }

  /** @param {string} id */
  #forget(id) {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    clearTimeout(job.expiry);
    this.#resultBytes -= job.result?.data.length ?? 0;
    this.#jobs.delete(id);
    this.#checkDrained();
  }

  #isDrained() {
    return [...this.#jobs.values()].every(isSpent);
  }

  #checkDrained() {
    if (this.#drained.length > 0 && this.#isDrained())
      this.#drained.splice(0).forEach((resolve) => resolve());
  }
}

/** @param {Job} job */
function isOver({ view: { state } }) {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/**
 * Whether it is over, and has no result that must still be fetched.
 *
 * @param {Job} job
 */
function isSpent(job) {
  return isOver(job) && (job.result === undefined || job.fetched === true);
}

module.exports = { MemoryJobs };

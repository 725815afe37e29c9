// @ts-check
'use strict';

const { fromFailure, isQuarantined } = require('./failure');
const { UpscaleQueue } = require('./upscale-queue');

/**
 * @typedef {import('bullmq').Job} Job
 * @typedef {import('upscaler-node/express').JobRequest} JobRequest
 * @typedef {import('upscaler-node/express').JobStore} JobStore
 * @typedef {import('upscaler-node/express').JobView} JobView
 */

/**
 * Jobs of upscaler-node's HTTP routes in a queue, for any number of servers and workers.
 *
 * @param {import('../index.js').UpscaleQueueOptions} options
 * @returns {JobStore}
 */
function jobStore(options) {
  return new QueuedJobs(new UpscaleQueue(options));
}

/** @implements {JobStore} */
class QueuedJobs {
  #queue;

  /** @param {UpscaleQueue} queue */
  constructor(queue) {
    this.#queue = queue;
  }

  /** @param {JobRequest} request */
  async add({ image, options, model, filename }) {
    // Two clients with the same picture must not cancel each other's job.
    const job = await this.#queue.add(image, { ...options, model, filename, deduplicate: false });
    return /** @type {JobView} */ ((await this.get(job.id)) ?? { id: job.id, state: 'waiting', percent: 0 });
  }

  /** @param {string} id */
  async get(id) {
    const job = (await this.#queue.get(id))?.job;
    if (job === undefined) return undefined;
    const state = STATES[await job.getState()] ?? 'waiting';
    // It may have ended between the two, and what was read of it first does not know how.
    const isNew = job.finishedOn === undefined && (state === 'done' || state === 'failed');
    const latest = isNew ? (await this.#queue.get(id))?.job : job;
    return latest && this.#view(latest, state);
  }

  /** @param {string} id */
  async result(id) {
    const job = await this.#queue.get(id);
    if (!job || !(await job.job.isCompleted())) return undefined;
    try {
      const { data, info } = await job.finished();
      return { data, info, filename: job.job.data.filename };
    } catch (error) {
      // It is kept no longer, and the job has not been removed yet.
      if (/** @type {Error & { code?: string }} */ (error).code === 'ERR_UPSCALER_READ') return undefined;
      throw error;
    }
  }

  /** @param {string} id */
  async cancel(id) {
    const view = await this.get(id);
    if (view === undefined) return undefined;
    if (await this.#queue.cancel(id)) return /** @type {JobView} */ ({ ...view, state: 'cancelled' });
    await (await this.#queue.get(id))?.remove();
    return view;
  }

  /**
   * @param {string} id
   * @param {(view: JobView) => void} listener
   */
  async subscribe(id, listener) {
    const { events } = this.#queue;
    let last = /** @type {JobView} */ ({ id, state: 'waiting', percent: 0 });
    const tell = (/** @type {JobView | undefined} */ view) => {
      if (view) listener((last = view));
    };
    const changed = async (/** @type {{ jobId: string }} */ { jobId }) => {
      if (jobId === id) tell(await this.get(id).catch(() => undefined));
    };
    const removed = (/** @type {{ jobId: string }} */ { jobId }) => {
      if (jobId === id) tell({ ...last, state: 'cancelled' });
    };
    for (const event of CHANGES) events.on(event, changed);
    events.on('removed', removed);
    return () => {
      for (const event of CHANGES) events.off(event, changed);
      events.off('removed', removed);
    };
  }

  /** Jobs are done elsewhere. */
  async drain() {}

  async close() {
    await this.#queue.close();
  }

  /**
   * @param {Job} job
   * @param {JobView['state']} state
   * @returns {Promise<JobView>}
   */
  async #view(job, state) {
    const id = /** @type {string} */ (job.id);
    const { percent = 0, stage } = typeof job.progress === 'object' ? /** @type {any} */ (job.progress) : {};
    if (state === 'done') {
      const { width, height, format, size, model, durationMs } = job.returnvalue.info;
      const result = { width, height, format, size, model, durationMs };
      return { id, state, percent: 100, result, ...expiryOf(job) };
    }
    if (state === 'failed') return { id, percent, ...failureOf(job), ...expiryOf(job) };
    if (state === 'active') return { id, state, percent, stage: stage ?? 'decode' };
    return { id, state, percent: 0, ...(await this.#position(job)) };
  }

  /** @param {Job} job */
  async #position(job) {
    const { queue } = this.#queue;
    const client = await queue.client;
    const key = queue.toKey('wait');
    const [at, length] = await Promise.all([
      client.lpos(key, /** @type {string} */ (job.id)),
      client.llen(key),
    ]);
    // Workers take from the far end. Those with a priority wait elsewhere, and have no place in a line.
    return at === null ? {} : { position: Math.max(length - at, 1) };
  }
}

const CHANGES = /** @type {const} */ (['active', 'progress', 'completed', 'failed', 'waiting', 'delayed']);

const STATES = /** @type {Record<string, JobView['state']>} */ ({
  active: 'active',
  completed: 'done',
  failed: 'failed',
});

/**
 * @param {Job} job
 * @returns {{ expiresAt?: string }}
 */
function expiryOf({ finishedOn, opts, failedReason }) {
  const { removeOnComplete, removeOnFail } = opts;
  const keep = /** @type {{ age?: number }} */ (
    isQuarantined(failedReason) ? removeOnFail : removeOnComplete
  );
  if (finishedOn === undefined || keep?.age === undefined) return {};
  return { expiresAt: new Date(finishedOn + keep.age * 1000).toISOString() };
}

/**
 * @param {Job} job
 * @returns {Pick<JobView, 'state' | 'error'>}
 */
function failureOf({ failedReason }) {
  const error = fromFailure(failedReason);
  if (error.code === 'ABORT_ERR') return { state: 'cancelled' };
  const { status, code, message, expose } = error;
  const title = status < 500 ? 'The picture cannot be upscaled' : 'The picture could not be upscaled';
  return {
    state: 'failed',
    error: { type: 'about:blank', title, status, code, ...(expose ? { detail: message } : {}) },
  };
}

module.exports = { jobStore };

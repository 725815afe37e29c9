// @ts-check
'use strict';

const { EventEmitter } = require('node:events');
const os = require('node:os');
const { DelayedError, UnrecoverableError, WaitingError, Worker } = require('bullmq');
const Upscaler = require('upscaler-node');
const { prepareFailed, removeFailed } = require('./failed-jobs');
const { mayWorkElsewhere, toFailure } = require('./failure');
const { Pictures } = require('./pictures');
const { DEFAULT_NAME, cancelKey } = require('./upscale-queue');

/**
 * @typedef {import('bullmq').Job} Job
 * @typedef {import('../index.js').UpscaleWorkerOptions} UpscaleWorkerOptions
 */

/** What a picture of some megapixels takes, roughly: machines with many cores and little memory take fewer at a time. */
const BYTES_PER_PICTURE = 1024 ** 3 / 2;
/** How often a job's progress goes to Redis and from there to every producer. */
const REPORT_MS = 500;
/** How often a worker looks whether a job was cancelled. */
const LOOK_MS = 250;
/** How often a job may come back from workers without its model, at `modelRetryDelay` each. */
const MOST_RETURNS = 100;

/** Why a job ends early here: it goes on elsewhere. */
class HandedBack extends Error {}

/**
 * Takes pictures out of the queue: one worker for a machine, since a picture uses all its cores.
 *
 * Emits what BullMQ's Worker emits, and `returned` for jobs that go back to the queue.
 */
class UpscaleWorker extends EventEmitter {
  #options;
  /** @type {Worker} */
  #worker;
  #pictures;
  /** By the name of the model; '' is that of jobs which name none. @type {Map<string, Upscaler>} */
  #instances = new Map();
  #closing = new AbortController();
  /** Looks for what failed and is kept no longer. @type {NodeJS.Timeout} */
  #looking;

  /** @param {UpscaleWorkerOptions} options */
  constructor(options) {
    super();
    const { connection, name = DEFAULT_NAME, prefix, concurrency = defaultConcurrency(), limiter } = options;
    this.#options = { modelRetryDelay: 1000, ...options, concurrency };
    const stalledInterval = options.stalledInterval ?? 10_000;
    this.#worker = new Worker(name, (job, token) => this.#process(job, token), {
      connection,
      concurrency,
      ...(prefix === undefined ? {} : { prefix }),
      ...(limiter === undefined ? {} : { limiter }),
      lockDuration: options.lockDuration ?? 20_000,
      stalledInterval,
      maxStalledCount: options.maxStalledCount ?? 2,
    });
    this.#pictures = new Pictures(this.#worker, options);
    this.#looking = setInterval(() => removeFailed(this.#worker).catch(() => {}), stalledInterval).unref();
    // Without a listener Node ends the process; a lost connection is made again by itself.
    this.on('error', () => {});
    for (const event of ['active', 'completed', 'failed', 'stalled', 'error', 'ready', 'drained']) {
      this.#worker.on(/** @type {any} */ (event), (/** @type {any[]} */ ...args) =>
        this.emit(event, ...args),
      );
    }
  }

  /** BullMQ's own. */
  get worker() {
    return this.#worker;
  }

  /** Connected, and the model of jobs that name none is loaded. */
  async ready() {
    await Promise.all([this.#worker.waitUntilReady(), this.#instance(undefined).ready]);
  }

  /**
   * Takes nothing more, and finishes what it has within `grace`; what is not done by then goes back to the queue, for
   * another worker to begin at once.
   *
   * @param {{ grace?: number }} [options] milliseconds. Default 30 000.
   */
  async close({ grace = 30_000 } = {}) {
    const timer = setTimeout(() => this.#closing.abort(new HandedBack()), grace);
    try {
      await this.#worker.close();
    } finally {
      clearTimeout(timer);
      clearInterval(this.#looking);
    }
    const { upscaler } = this.#options;
    const own = [...this.#instances.values()].filter((instance) => instance !== upscaler);
    await Promise.all(own.map((instance) => instance.dispose()));
  }

  /**
   * @param {Job} job
   * @param {string} [token]
   */
  async #process(job, token) {
    if (job.data.failure !== undefined) throw new UnrecoverableError(job.data.failure);
    const cancelling = await this.#watchCancel(job);
    try {
      return await this.#upscale(job, cancelling.signal);
    } catch (error) {
      if (this.#closing.signal.aborted) return await this.#handBack(job, token);
      if (mayWorkElsewhere(error)) return await this.#return(job, token, error);
      throw await this.#failureOf(job, error);
    } finally {
      cancelling.stop();
    }
  }

  /**
   * @param {Job} job
   * @param {AbortSignal} signal
   */
  async #upscale(job, signal) {
    const { picture, options, model } = job.data;
    const image = await this.#pictures.unpack(picture);
    const report = progressOf(job);
    /** @type {Upscaler.UpscaleOptions<'buffer'>} */
    const recipe = { ...options, signal, progress: (fraction) => report(fraction) };
    const { data, info } = await this.#instance(model).upscale(image, { ...recipe, resolveWithObject: true });
    return { picture: await this.#pictures.packResult(job, data, `image/${info.format}`), info };
  }

  /**
   * Ends the work when the job is cancelled by its producer, or has to go back since this worker closes.
   *
   * @param {Job} job
   */
  async #watchCancel(job) {
    const controller = new AbortController();
    const client = await this.#worker.client;
    const key = cancelKey(this.#worker, /** @type {string} */ (job.id));
    const look = async () => {
      if ((await client.get(key).catch(() => null)) === null) return;
      controller.abort(new Error('The job was cancelled'));
      // Whoever asks for the same again gets it.
      await client.del(key).catch(() => {});
    };
    const timer = setInterval(look, LOOK_MS);
    const closing = () => controller.abort(this.#closing.signal.reason);
    this.#closing.signal.addEventListener('abort', closing, { once: true });
    const stop = () => {
      clearInterval(timer);
      this.#closing.signal.removeEventListener('abort', closing);
    };
    if (this.#closing.signal.aborted) closing();
    return { signal: controller.signal, stop };
  }

  /**
   * @param {Job} job
   * @param {string} [token]
   */
  async #handBack(job, token) {
    this.emit('returned', job);
    await job.moveToWait(token);
    throw new WaitingError();
  }

  /**
   * @param {Job} job
   * @param {unknown} error
   */
  async #failureOf(job, error) {
    const failure = toFailure(error);
    const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    // What cannot be prepared fails all the same, and is removed later.
    if (isLast || failure instanceof UnrecoverableError) {
      await prepareFailed(this.#worker, job, failure).catch(() => {});
    }
    return failure;
  }

  /**
   * This worker has no such model: another one may.
   *
   * @param {Job} job
   * @param {string | undefined} token
   * @param {unknown} error
   */
  async #return(job, token, error) {
    const returns = (job.data.returns ?? 0) + 1;
    if (returns > MOST_RETURNS) throw await this.#failureOf(job, error);
    await job.updateData({ ...job.data, returns });
    this.emit('returned', job, error);
    // Not all at the same moment, so that the worker that has the model gets its chance.
    const delay = this.#options.modelRetryDelay * (0.5 + Math.random());
    await job.moveToDelayed(Date.now() + delay, token);
    throw new DelayedError();
  }

  /** @param {string | undefined} model */
  #instance(model = '') {
    const existing = this.#instances.get(model);
    if (existing) return existing;
    const { upscaler, instance, models, concurrency } = this.#options;
    if (model !== '' && models && !models.includes(model)) {
      throw new Upscaler.UpscalerError(
        'ERR_UPSCALER_MODEL_NOT_FOUND',
        `Expected a model among ${models.join(', ')}`,
      );
    }
    const made =
      upscaler && model === ''
        ? upscaler
        : new Upscaler({
            concurrency,
            ...instance,
            ...(model === '' ? {} : { model: named(model) }),
            allowPaths: false,
          });
    this.#instances.set(model, made);
    // One that cannot be loaded is looked for again with the next job: it may have been installed.
    made.ready.catch(() => this.#instances.delete(model));
    return made;
  }
}

/**
 * A model that a job names is one of the catalogue or a package, never a file of this machine.
 *
 * @param {string} model
 */
function named(model) {
  const isFile = /^(\.{0,2}\/|[a-z]:|file:)|\\|\.(onnx|json|param|safetensors|pth?)$/i.test(model);
  if (!isFile) return model;
  throw new Upscaler.UpscalerError(
    'ERR_INVALID_ARG_VALUE',
    `Expected the name of a model but received ${JSON.stringify(model)}`,
  );
}

/**
 * Reports a job's progress, not more often than anybody looks: jobs that are done within that time have none.
 *
 * @param {Job} job
 */
function progressOf(job) {
  let last = performance.now();
  return (/** @type {number} */ fraction) => {
    const now = performance.now();
    if (now - last < REPORT_MS) return;
    last = now;
    const progress = { percent: Math.round(fraction * 100), stage: fraction < 1 ? 'upscale' : 'encode' };
    // What is lost of it does not matter.
    job.updateProgress(progress).catch(() => {});
  };
}

function defaultConcurrency() {
  const byMemory = Math.floor((process.constrainedMemory?.() || os.totalmem()) / BYTES_PER_PICTURE);
  return Math.max(1, Math.min(os.availableParallelism(), byMemory));
}

module.exports = { UpscaleWorker };

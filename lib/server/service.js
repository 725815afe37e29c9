// @ts-check
'use strict';

const { setMaxListeners } = require('node:events');
const Upscaler = require('../../index.js');
const { AbortError, UpscalerError } = require('../errors');
const { Budget } = require('./budget');
const { Queue } = require('./queue');

/**
 * @typedef {import('./settings').Settings} Settings
 * @typedef {import('./parameters').Choice} Choice
 * @typedef {import('../../index.js').OutputInfo} OutputInfo
 * @typedef {import('../../index.js').StreamInfo} StreamInfo
 * @typedef {import('./observer').Observer} Observer
 * @typedef {import('./observer').Watch} Watch
 * @typedef {object} Admission
 * @property {(bytes: number) => void} take
 * @property {() => void} release gives back the bytes, but not the place
 * @property {() => void} leave gives back both
 * @typedef {object} Work
 * @property {AbortSignal} signal
 * @property {Watch} watch
 * @property {boolean} [later] pictures that somebody waits for go before it
 * @property {(position: number) => void} [onMoved]
 * @property {() => void} [onBegun]
 * @property {(fraction: number) => void} [onProgress]
 */

/**
 * Bytes of a result that wait for a slow client: with the usual result whole in memory, its client holds up nobody; of
 * larger ones the work waits.
 */
const STREAM_BUFFER = 8 * 1024 * 1024;

/** Upscales pictures in their order, with the instances of the models that requests may choose. */
class Service {
  #settings;
  #queue;
  /** By the name of the model; '' is what is used where none is named. @type {Map<string, Upscaler>} */
  #instances = new Map();
  #controller = new AbortController();
  #budget;
  #draining = false;
  /** Requests whose answer has not been sent yet. */
  #admitted = 0;
  /** These, and jobs. */
  #held = 0;
  /** Who waits for all that is held to be done. @type {(() => void)[]} */
  #idle = [];

  /**
   * @param {Settings} settings
   * @param {Observer[]} observers
   */
  constructor(settings, observers) {
    this.#settings = settings;
    // Every request under way listens to it.
    setMaxListeners(0, this.signal);
    this.#queue = new Queue(settings.concurrency);
    this.#budget = new Budget(settings.limits.totalBytes);
    this.observers = observers;
    for (const observer of observers) observer.attach?.(this);
  }

  get settings() {
    return this.#settings;
  }

  /** Aborted when the server is closed. */
  get signal() {
    return this.#controller.signal;
  }

  status() {
    const { running, waiting, expectedWait } = this.#queue;
    return { running, waiting, expectedWait, draining: this.#draining };
  }

  /**
   * Room for one picture, from before its body is read until its answer has been sent.
   *
   * @returns {Admission}
   * @throws {UpscalerError} where there is none
   */
  admit() {
    if (this.#draining) throw new UpscalerError('ERR_UPSCALER_DISPOSED', 'The server is shutting down');
    const { concurrency, maxPending } = this.#settings;
    if (this.#admitted >= concurrency + maxPending) {
      throw new UpscalerError(
        'ERR_UPSCALER_QUEUE_FULL',
        `Expected at most ${maxPending} pictures to wait (maxPending) but as many wait already`,
      );
    }
    this.#admitted += 1;
    return this.hold(() => (this.#admitted -= 1));
  }

  /**
   * A place in the books of whatever must be done before the server may close.
   *
   * @param {() => void} [onLeave]
   * @returns {Admission}
   */
  hold(onLeave) {
    const { take, release } = this.#budget.share();
    this.#held += 1;
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      release();
      onLeave?.();
      this.#held -= 1;
      if (this.#held === 0) this.#idle.splice(0).forEach((resolve) => resolve());
    };
    return { take, release, leave };
  }

  /**
   * @param {Buffer} image
   * @param {Choice} choice
   * @param {Work} work
   * @returns {Promise<{ data: Buffer, info: OutputInfo }>}
   */
  upscale(image, { options, model }, { signal, watch, later, onMoved, onBegun, onProgress }) {
    return this.#queue.run(
      async () => {
        watch.begun();
        onBegun?.();
        const progress = onProgress && ((/** @type {number} */ fraction) => onProgress(fraction));
        const recipe = { ...options, signal, progress, resolveWithObject: /** @type {const} */ (true) };
        const result = await this.#instance(model).upscale(image, recipe);
        watch.upscaled(result.info);
        return result;
      },
      { signal, later, onMoved },
    );
  }

  /**
   * The same as a stream that is there when its first bytes are. The next picture has its turn when this one is made,
   * whether it has been read or not.
   *
   * @param {Buffer} image
   * @param {Choice} choice
   * @param {Work} work
   * @returns {Promise<{ data: import('../result-stream').ResultStream, info: StreamInfo }>}
   */
  upscaleStream(image, { options, model }, { signal, watch }) {
    return new Promise((resolve, reject) => {
      const task = async () => {
        watch.begun();
        const result = await this.#instance(model).upscale(image, {
          ...options,
          signal,
          output: 'stream',
          highWaterMark: STREAM_BUFFER,
          resolveWithObject: true,
        });
        const data = /** @type {import('../result-stream').ResultStream} */ (result.data);
        resolve({ data, info: result.info });
        await data.made;
      };
      this.#queue.run(task, { signal }).catch(reject);
    });
  }

  /**
   * What, besides the picture and the options, decides the result.
   *
   * @param {string | undefined} name
   */
  async identity(name) {
    const { model, sha256 = '' } = await this.#instance(name).getModel();
    return `${Upscaler.versions['upscaler-node']} ${model} ${sha256}`;
  }

  /** Loads every model that a request may choose. */
  async load() {
    const names = [undefined, ...this.#settings.models];
    await Promise.all(names.map((name) => this.#instance(name).ready));
  }

  /** Takes nothing more, and resolves when what was taken is done. */
  async drain() {
    this.#draining = true;
    if (this.#held > 0) await new Promise((resolve) => this.#idle.push(() => resolve(undefined)));
  }

  /** Stops what is under way and frees the models. */
  async close() {
    this.#controller.abort(new AbortError());
    await this.drain();
    const { upscaler } = this.#settings;
    const own = [...this.#instances.values()].filter((instance) => instance !== upscaler);
    await Promise.all(own.map((instance) => instance.dispose()));
    for (const observer of this.observers) observer.detach?.();
  }

  /** @param {string} [name] */
  #instance(name = '') {
    const existing = this.#instances.get(name);
    if (existing) return existing;
    const { upscaler, instance, limits, concurrency } = this.#settings;
    const made =
      upscaler && name === ''
        ? upscaler
        : new Upscaler({
            concurrency,
            ...instance,
            ...(name === '' ? {} : { model: name }),
            allowPaths: false,
            limitInputPixels: limits.inputPixels,
            limitOutputPixels: limits.outputPixels,
          });
    this.#instances.set(name, made);
    return made;
  }
}

module.exports = { Service };

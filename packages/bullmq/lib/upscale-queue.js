// @ts-check
'use strict';

const { readFile } = require('node:fs/promises');
const { Queue, QueueEvents } = require('bullmq');
const { UpscalerError } = require('upscaler-node');
const { isQuarantined, queueError } = require('./failure');
const { Pictures, digest } = require('./pictures');
const { revive } = require('./revive');
const { SEPARATOR, UpscaleJob } = require('./upscale-job');
const { jobIdOf, parseAddOptions } = require('./upscale-options');

/**
 * @typedef {import('../index.js').AddOptions} AddOptions
 * @typedef {import('../index.js').PictureSource} PictureSource
 * @typedef {import('../index.js').UpscaleQueueOptions} UpscaleQueueOptions
 * @typedef {import('bullmq').JobsOptions} JobsOptions
 * @typedef {import('./pictures').Packed} Packed
 * @typedef {{ picture: Packed, identity: () => Promise<string | undefined> }} PackedSource `identity` resolves with what
 *   identifies its content, if that is known
 * @typedef {{ name: string, data: object, opts: JobsOptions & { jobId: string }, isShared: boolean }} Entry as BullMQ
 *   takes it, and whether its id is that of whoever asks for the same
 */

const HOUR = 3600;
/** How long jobs are in quarantine. */
const QUARANTINE_SECONDS = 7 * 24 * HOUR;
const DEFAULT_NAME = 'upscale';
/** Of the jobs, as BullMQ's dashboards show it. */
const PICTURE = 'picture';
/** How long a cancelled job is remembered for the worker that has it. */
const CANCEL_SECONDS = HOUR;

/** Takes pictures, and gives them to the workers of the same name. */
class UpscaleQueue {
  #options;
  #queue;
  #events;
  #pictures;

  /** @param {UpscaleQueueOptions} options */
  constructor(options) {
    const { connection, name = DEFAULT_NAME, prefix } = options;
    this.#options = { attempts: 3, requestTimeout: 10_000, ttl: HOUR * 1000, ...options };
    const base = { connection: forProducer(connection), ...(prefix === undefined ? {} : { prefix }) };
    this.#queue = new Queue(name, base);
    this.#events = new QueueEvents(name, { ...base, connection });
    this.#pictures = new Pictures(this.#queue, options);
    // A connection that is lost is tried again; calls say so by themselves.
    this.#queue.on('error', () => {});
    this.#events.on('error', () => {});
    // Every job that somebody waits for listens to both.
    this.#queue.setMaxListeners(0);
    this.#events.setMaxListeners(0);
  }

  /** BullMQ's own, for whatever it offers beside. */
  get queue() {
    return this.#queue;
  }

  get events() {
    return this.#events;
  }

  /**
   * @param {PictureSource} source
   * @param {AddOptions} [options]
   * @returns {Promise<UpscaleJob>} of the job that is there already where the same was asked for
   */
  async add(source, options = {}) {
    const entry = await this.#entry(source, options);
    const { name, data, opts } = entry;
    return this.#wrap([await this.#admit([entry], () => this.#queue.add(name, data, opts))]);
  }

  /**
   * All of them, or none.
   *
   * @param {{ source: PictureSource, options?: AddOptions }[]} pictures
   * @returns {Promise<UpscaleJob[]>}
   */
  async addBulk(pictures) {
    const entries = await Promise.all(
      pictures.map(({ source, options = {} }) => this.#entry(source, options)),
    );
    const jobs = await this.#admit(entries, () => this.#queue.addBulk(entries));
    return jobs.map((job) => this.#wrap([job]));
  }

  /**
   * Several sizes or formats of one picture, for `srcset`. Each is the job of whoever asks for the same: in BullMQ's
   * flows a job has one parent, so that two who ask for it could not both wait for it.
   *
   * @param {PictureSource} source
   * @param {AddOptions[]} variants
   * @returns {Promise<UpscaleJob>} its `variants()` are the results
   */
  async addVariants(source, variants) {
    if (variants.length === 0)
      throw new UpscalerError('ERR_INVALID_ARG_VALUE', 'Expected at least one variant');
    const packed = await this.#pack(source);
    const entries = await Promise.all(variants.map((options) => this.#packedEntry(packed, options)));
    return this.#wrap(await this.#admit(entries, () => this.#queue.addBulk(entries)));
  }

  /** @param {string} id */
  async get(id) {
    const ids = id.split(SEPARATOR);
    const jobs = await this.#ask(() => Promise.all(ids.map((each) => this.#queue.getJob(each))));
    const kept = jobs.filter((job) => job !== undefined);
    return kept.length === ids.length ? this.#wrap(kept) : undefined;
  }

  /**
   * Takes a job out of the queue, or tells its worker to stop; of variants, each.
   *
   * @param {string} id
   * @returns {Promise<boolean>} whether there was something to cancel
   */
  async cancel(id) {
    const cancelled = await Promise.all(id.split(SEPARATOR).map((each) => this.#cancelOne(each)));
    return cancelled.includes(true);
  }

  /** @param {string} id */
  async #cancelOne(id) {
    return this.#ask(async () => {
      const state = await this.#queue.getJobState(id);
      if (['completed', 'failed', 'unknown'].includes(state)) return false;
      if ((await this.#queue.remove(id)) === 1) return true;
      // The one that a worker has cannot be removed: the worker looks at the key.
      const client = await this.#queue.client;
      await client.set(cancelKey(this.#queue, id), '1', { EX: CANCEL_SECONDS });
      return true;
    });
  }

  /** How many jobs wait, run, are done and have failed. */
  async counts() {
    const { waiting, prioritized, delayed, active, completed, failed } = await this.#ask(() =>
      this.#queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed'),
    );
    return { waiting: waiting + prioritized, delayed, active, completed, failed };
  }

  /**
   * Milliseconds that the first job has waited: what to scale workers by.
   *
   * @returns {Promise<number>}
   */
  async oldestWait() {
    return this.#ask(async () => {
      const oldest = await this.#queue.getJobs(['waiting', 'prioritized'], 0, 0, true);
      return oldest[0] ? Math.max(Date.now() - oldest[0].timestamp - (oldest[0].delay ?? 0), 0) : 0;
    });
  }

  /** Jobs whose every worker was lost, with their pictures, to be looked at. */
  async quarantine() {
    const failed = await this.#ask(() => this.#queue.getFailed());
    return failed.filter(({ failedReason }) => isQuarantined(failedReason)).map((job) => this.#wrap([job]));
  }

  async close() {
    await Promise.all([this.#queue.close(), this.#events.close()]);
  }

  /**
   * @param {PictureSource} source
   * @param {AddOptions} options
   * @returns {Promise<Entry>}
   */
  async #entry(source, options) {
    // What is wrong with the options need not wait for the picture.
    parseAddOptions(options);
    return this.#packedEntry(await this.#pack(source), options);
  }

  /**
   * @param {PackedSource} source
   * @param {AddOptions} options
   * @returns {Promise<Entry>}
   */
  async #packedEntry({ picture, identity }, options) {
    const { recipe, own } = parseAddOptions(options);
    const { model, filename, deduplicate = true, priority, delay, attempts, backoff } = own;
    const known = deduplicate ? await identity() : undefined;
    const isShared = known !== undefined;
    const jobId = isShared ? await jobIdOf(known, recipe, model) : crypto.randomUUID();
    const data = { picture, options: recipe, model, filename };
    return {
      name: PICTURE,
      isShared,
      data,
      opts: {
        jobId,
        priority,
        delay,
        attempts: attempts ?? this.#options.attempts,
        backoff: backoff ?? { type: 'exponential', delay: 1000, jitter: 0.5 },
        ...this.#keep(),
      },
    };
  }

  #keep() {
    const age = Math.ceil(this.#options.ttl / 1000);
    // Failed ones that are not in quarantine are removed by workers, after the age of the others.
    return { removeOnComplete: { age }, removeOnFail: { age: Math.max(age, QUARANTINE_SECONDS) } };
  }

  /**
   * @param {PictureSource} source
   * @returns {Promise<PackedSource>}
   */
  async #pack(source) {
    if ('key' in source) {
      const { key } = source;
      const version = await this.#pictures.version(key);
      return {
        picture: { key },
        identity: async () => (version === undefined ? undefined : `${key} ${version}`),
      };
    }
    const bytes = await readSource(source);
    return { picture: await this.#pictures.packInput(bytes), identity: () => digest(bytes) };
  }

  /**
   * Adds what there is room for.
   *
   * @template T
   * @param {Entry[]} entries
   * @param {() => Promise<T>} add
   */
  async #admit(entries, add) {
    return this.#ask(async () => {
      await this.#refuseIfFull(entries.length);
      await this.#makeWay(entries);
      return add();
    });
  }

  /** @param {number} more */
  async #refuseIfFull(more) {
    const { maxPending } = this.#options;
    if (maxPending === undefined) return;
    const waiting = await this.#queue.getJobCountByTypes('waiting', 'prioritized', 'delayed');
    if (waiting + more <= maxPending) return;
    throw new UpscalerError(
      'ERR_UPSCALER_QUEUE_FULL',
      `Expected at most ${maxPending} pictures to wait (maxPending) but ${waiting} wait already`,
    );
  }

  /** @param {Entry[]} entries */
  async #makeWay(entries) {
    const shared = entries.filter(({ isShared }) => isShared);
    const client = await this.#queue.client;
    const makeWay = async (/** @type {Entry} */ entry) => {
      await client.del(cancelKey(this.#queue, entry.opts.jobId));
      await revive(this.#queue, this.#pictures, entry);
    };
    await Promise.all(shared.map(makeWay));
  }

  /** @param {import('bullmq').Job[]} jobs */
  #wrap(jobs) {
    return new UpscaleJob(jobs, { queue: this.#queue, events: this.#events, pictures: this.#pictures });
  }

  /**
   * A request to Redis, which is given up when it does not answer.
   *
   * @template T
   * @param {() => Promise<T>} request
   * @returns {Promise<T>}
   */
  async #ask(request) {
    const { requestTimeout } = this.#options;
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const late = new Promise((_, reject) => {
      const error = () =>
        reject(new Error(`Expected an answer of Redis within ${requestTimeout} ms (requestTimeout)`));
      timer = setTimeout(error, requestTimeout);
    });
    try {
      return /** @type {T} */ (await Promise.race([request(), late]));
    } catch (error) {
      throw queueError(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * @param {import('bullmq').Queue | import('bullmq').Worker} queue
 * @param {string} id
 */
function cancelKey(queue, id) {
  return queue.toKey(`cancel:${id}`);
}

/**
 * Producers hear of a lost connection instead of waiting for it.
 *
 * @param {import('bullmq').ConnectionOptions} connection
 * @returns {import('bullmq').ConnectionOptions}
 */
function forProducer(connection) {
  const isClient = 'status' in connection || 'options' in connection;
  return isClient ? connection : { maxRetriesPerRequest: 3, ...connection };
}

/** @param {PictureSource} source */
async function readSource(source) {
  if (source instanceof Uint8Array) return Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  if (!('path' in source)) {
    throw new UpscalerError('ERR_INVALID_ARG_TYPE', 'Expected a Buffer, { path } or { key } for the picture');
  }
  try {
    return await readFile(source.path);
  } catch (cause) {
    throw new UpscalerError('ERR_UPSCALER_READ', `Could not read ${source.path}`, { cause });
  }
}

module.exports = { UpscaleQueue, cancelKey, DEFAULT_NAME };

// @ts-check
'use strict';

const { AbortError, UpscalerError, fromNative, isOurs } = require('./errors');
const { isMoving, upscaleFrames } = require('./animation');
const { Call } = require('./call');
const { describeModel } = require('./describe-model');
const { forAddon, setUp, tearDown } = require('./hooks');
const { tryReadSync, readImage } = require('./input');
const { asFiles } = require('./io-handler');
const { loadNative } = require('./load-native');
const options = require('./options');
const { toResult, toStreamResult } = require('./output');
const { tellPanics } = require('./panics');
const { reportTo, wantsSlices } = require('./progress');
const { resolveModel } = require('./resolve-model');
const { ResultStream } = require('./result-stream');
const { checkPatches } = require('./patch-options');
const { warn } = require('./warn');

/**
 * @typedef {import('./resolve-model').ResolvedModel} ResolvedModel
 * @typedef {import('./native').ModelInfo} ModelInfo
 * @typedef {import('./native').NativeImage} NativeImage
 * @typedef {import('./native').NativeProgress} NativeProgress
 * @typedef {ReturnType<typeof options.parseUpscalerOptions>} ParsedOptions
 * @typedef {ReturnType<typeof options.parseUpscaleOptions>} ParsedCall
 * @typedef {ResolvedModel & { info: ModelInfo }} LoadedModel
 */

const native = loadNative();

/** Names a call to the addon; unique in the process, so that a mix-up of instances cannot abort another's work. */
let lastCallId = 0;

/** Side, in pixels, of the picture that `warmup()` without sizes runs. */
const WARMUP_SIZE = 128;

class Upscaler {
  /** @type {ParsedOptions} */
  #options;
  #native;
  /** @type {Promise<LoadedModel>} */
  #model;
  /** The same once it is there. @type {LoadedModel | undefined} */
  #loaded;
  /** Calls that have not settled, each with the promise that says when. @type {Map<Call, Promise<unknown>>} */
  #calls = new Map();
  /** @type {Promise<void> | undefined} */
  #disposed;

  /** @param {unknown} [given] see `UpscalerOptions` in index.d.ts */
  constructor(given) {
    this.#options = options.parseUpscalerOptions(given);
    this.#native = instance(this.#options.native);
    for (const method of METHODS) {
      Object.defineProperty(this, method, {
        value: this[method].bind(this),
        configurable: true,
        writable: true,
      });
    }
    this.#model = this.#load();
    const { warmupSizes } = this.#options;
    this.ready = this.#model.then(() => (warmupSizes.length > 0 ? this.warmup(warmupSizes) : undefined));
    // Whoever awaits `ready` or calls a method hears of a failure; nobody has to.
    this.ready.catch(() => {});
  }

  /** @param {unknown} [given] */
  static configure(given) {
    const configuration = options.parseConfiguration(given);
    try {
      native.configure(configuration);
    } catch (error) {
      throw fromNative(error);
    }
  }

  static counters() {
    return native.counters();
  }

  /**
   * @param {unknown} image
   * @param {unknown} [given] see `UpscaleOptions` in index.d.ts
   */
  async upscale(image, given) {
    this.#refuseIfDisposed();
    const parsed = options.parseUpscaleOptions(given);
    if (parsed.output === 'stream') return this.#stream(image, parsed);
    const result = await this.#track(parsed, (call) => this.#upscale(call, image, parsed));
    return toResult(result, parsed.output, parsed.resolveWithObject);
  }

  /**
   * UpscalerJS's other name for `upscale`.
   *
   * @param {unknown} image
   * @param {unknown} [given]
   */
  execute(image, given) {
    return this.upscale(image, given);
  }

  /**
   * Runs the model once for each size, so that the first picture does not pay for it.
   *
   * @param {unknown} [sizes]
   * @param {unknown} [given] `{ signal }`
   */
  async warmup(sizes = WARMUP_SIZE, given) {
    this.#refuseIfDisposed();
    const { signal } = options.parseUpscaleOptions(given);
    const parsedSizes = options.parseWarmupSizes(sizes);
    await this.#track({ signal }, async (call) => {
      for (const size of parsedSizes) await this.#warmUp(call, size);
    });
  }

  /** Stops every call of this instance; each rejects with an AbortError. */
  abort() {
    for (const call of this.#calls.keys()) call.cancel(new AbortError());
  }

  /** @returns {Promise<void>} when all accepted work is done and the model is freed */
  dispose() {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  [Symbol.asyncDispose]() {
    return this.dispose();
  }

  async getModel() {
    return describeModel(await this.#model);
  }

  counters() {
    return this.#native.counters();
  }

  /** @returns {Promise<LoadedModel>} */
  async #load() {
    const { model, scale, channels, tf, precision, guard, executionProviders } = this.#options;
    // Not before the constructor is done: what fails from here on fails `ready`.
    await undefined;
    const call = new Call(this.#options.loading, 0, 'a loaded model');
    call.signal.addEventListener('abort', () => this.#native.abortLoad(), { once: true });
    try {
      call.signal.throwIfAborted();
      const resolved = resolveModel(model, { scale, channels, precision, guard, tf });
      await call.race(setUp(resolved.hooks, tf));
      const { alternatives = [] } = resolved;
      const others = alternatives.map((other) => ({
        ...other,
        source: { ...other.source, precision, executionProviders },
      }));
      const { handler, ...source } = resolved.source;
      const load = (/** @type {string | undefined} */ path) =>
        this.#native.load({ ...source, path, precision, executionProviders }, others);
      const info = await call.race(handler ? asFiles(handler, load) : load(source.path));
      this.#loaded = { ...resolved, info };
      return this.#loaded;
    } catch (error) {
      tellPanics(native);
      throw call.signal.aborted ? call.signal.reason : unloaded(fromNative(error));
    } finally {
      call.settle();
    }
  }

  /**
   * Runs one call from its acceptance to its end.
   *
   * @template T
   * @param {{ signal?: AbortSignal, timeout?: number }} limits
   * @param {(call: Call) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #track(limits, work) {
    return this.#settle(new Call(limits, ++lastCallId), work);
  }

  /**
   * Waits for the work of a call, and turns what went wrong into what the user should see: the reason of its cancel, if
   * it was cancelled, whatever came of that further down.
   *
   * @template T
   * @param {Call} call
   * @param {(call: Call) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #settle(call, work) {
    const done = work(call);
    this.#calls.set(call, done);
    try {
      const result = await done;
      call.signal.throwIfAborted();
      return result;
    } catch (error) {
      tellPanics(native);
      throw call.signal.aborted ? call.signal.reason : fromNative(error);
    } finally {
      call.settle();
      this.#calls.delete(call);
    }
  }

  /**
   * A call that goes on after it has resolved, until its stream has ended.
   *
   * @param {unknown} image
   * @param {ParsedCall} parsed
   */
  async #stream(image, parsed) {
    const call = new Call(parsed, ++lastCallId);
    const done = this.#settle(call, async () => {
      this.#native.openStream(call.id);
      return this.#upscale(call, image, parsed);
    });
    const stream = new ResultStream(this.#native, call, done, parsed.highWaterMark);
    try {
      return toStreamResult(stream, await stream.opened(), parsed.resolveWithObject);
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  /**
   * @param {Call} call
   * @param {unknown} image
   * @param {ParsedCall} parsed
   */
  async #upscale(call, image, parsed) {
    const ready = this.#tryReadSync(image);
    if (ready !== undefined && !isMoving(parsed)) return this.#run(call, ready, parsed);
    call.signal.throwIfAborted();
    // From here on it counts as waiting, whatever it waits for.
    this.#native.enqueue(call.id);
    try {
      const result = await this.#run(call, ready ?? (await this.#readInTime(call, image)), parsed);
      this.#native.withdraw(call.id, 'done');
      return result;
    } catch (error) {
      this.#native.withdraw(call.id, call.signal.aborted ? 'aborted' : 'failed');
      throw error;
    }
  }

  /**
   * @param {Call} call
   * @param {[NativeImage, LoadedModel]} ready
   * @param {ParsedCall} parsed
   */
  async #run(call, [source, model], parsed) {
    const patches = checkPatches(parsed.native, model.info, model.source.divisibilityFactor);
    const slices = wantsSlices(parsed.progress) ? options.nativeOutput(parsed.progressOutput) : undefined;
    const report = parsed.progress && reportTo(parsed.progress, parsed.progressOutput, call);
    const own = forAddon(model.hooks, this.#options.tf, call);
    /** @type {import('./native').NativeUpscaleOptions} */
    const given = { ...parsed.native, ...patches, slices };
    const result = isMoving(parsed)
      ? await this.#runFrames(call, source, model, parsed, given, report, own)
      : await this.#start(call, source, given, report, own);
    for (const warning of result.warnings) warn('UPSCALER_IMAGE', warning);
    return result;
  }

  /**
   * The same for what is, or is to be, an animation.
   *
   * @param {Call} call
   * @param {NativeImage} source
   * @param {LoadedModel} model
   * @param {ParsedCall} parsed
   * @param {import('./native').NativeUpscaleOptions} given
   * @param {ReturnType<typeof reportTo> | undefined} report
   * @param {Partial<ReturnType<typeof forAddon>>} own
   */
  async #runFrames(call, source, model, parsed, given, report, own) {
    // It may turn out to be a still picture, which is handed over later: the caller may reuse its bytes now.
    const image = source.kind === 'encoded' ? { ...source, data: Uint8Array.from(source.data) } : source;
    const frames = await upscaleFrames(parsed, image, {
      native,
      info: model.info,
      hooked: Object.values(own).some(Boolean),
      signal: call.signal,
      inTime: (promise) => call.race(promise),
      open: (image) => this.#native.openAnimation(image),
      begin: () => this.#native.beginFrames(call.id),
      start: (image, nativeOptions, share) => {
        const part = report && ((/** @type {NativeProgress} */ p) => report({ fraction: share(p.fraction) }));
        return this.#start(call, image, nativeOptions, part, own);
      },
    });
    return frames ?? this.#start(call, image, given, report, own);
  }

  /**
   * What the addon can have at once, it copies at the call: no copy is needed here.
   *
   * @param {unknown} image
   * @returns {[NativeImage, LoadedModel] | undefined}
   */
  #tryReadSync(image) {
    const model = this.#loaded;
    const ready = model && tryReadSync(image);
    return ready && [ready, model];
  }

  /**
   * @param {Call} call
   * @param {unknown} image
   * @returns {Promise<[NativeImage, LoadedModel]>}
   */
  #readInTime(call, image) {
    const reading = readImage(image, this.#options.input, call.signal);
    return call.race(Promise.all([reading, this.#model]));
  }

  /**
   * @param {Call} call
   * @param {{ patchSize: number, padding?: number }} size
   */
  async #warmUp(call, { patchSize, padding }) {
    const { info } = await call.race(this.#model);
    const data = new Uint8Array(patchSize * patchSize * info.channels);
    /** @type {NativeImage} */
    const black = {
      kind: 'raw',
      data,
      width: patchSize,
      height: patchSize,
      channels: info.channels,
      depth: 8,
    };
    await this.#start(call, black, {
      output: 'raw',
      ...(padding === undefined ? {} : { patchSize, padding }),
    });
  }

  /**
   * Hands the work to the addon, which from then on is the one to end it: a cancelled call settles when the addon
   * has let go of the caller's pixels, within one tile.
   *
   * @param {Call} call
   * @param {NativeImage} image
   * @param {import('./native').NativeUpscaleOptions} nativeOptions
   * @param {ReturnType<typeof reportTo>} [report]
   * @param {Partial<ReturnType<typeof forAddon>>} [hooks]
   */
  async #start(call, image, nativeOptions, report, { preprocess, postprocess } = {}) {
    call.signal.throwIfAborted();
    const abort = () => this.#native.abort(call.id);
    call.signal.addEventListener('abort', abort, { once: true });
    try {
      const timed = { ...nativeOptions, timeout: call.remaining };
      return await this.#native.start(call.id, image, timed, { progress: report, preprocess, postprocess });
    } finally {
      call.signal.removeEventListener('abort', abort);
    }
  }

  async #dispose() {
    await Promise.allSettled([this.#model, ...this.#calls.values()]);
    await this.#native.dispose();
    const loaded = await this.#model.catch(() => undefined);
    await tearDown(loaded?.hooks, this.#options.tf);
  }

  #refuseIfDisposed() {
    if (this.#disposed === undefined) return;
    throw new UpscalerError('ERR_UPSCALER_DISPOSED', 'Expected a live Upscaler but this one was disposed');
  }
}

/**
 * @param {unknown} error what loading threw, getters of the caller's definition among it
 * @returns {unknown} with a code
 */
function unloaded(error) {
  if (isOurs(error)) return error;
  return new UpscalerError('ERR_UPSCALER_MODEL_LOAD', 'Could not load the model', { cause: error });
}

/** @param {ParsedOptions['native']} given */
function instance(given) {
  try {
    return new native.NativeUpscaler(given);
  } catch (error) {
    throw fromNative(error);
  }
}

/** Methods that may be passed around without their instance, as UpscalerJS's may. */
const METHODS = /** @type {const} */ ([
  'upscale',
  'execute',
  'warmup',
  'abort',
  'dispose',
  'getModel',
  'counters',
]);

module.exports = { Upscaler };

// @ts-check
'use strict';

const { rmSync } = require('node:fs');
const { readFile, writeFile } = require('node:fs/promises');
const { explainChoice } = require('./choice');
const { HttpError, toHttpError } = require('./http-error');
const { RunView } = require('./run-view');

/**
 * Runs of models over pictures, one after the other.
 *
 * @typedef {import('./pictures').Picture} Picture
 * @typedef {import('./surface').Surface} Surface
 * @typedef {'queued' | 'running' | 'done' | 'failed' | 'cancelled'} State
 * @typedef {{
 *   id: string,
 *   picture: Picture,
 *   model: import('./models').Wanted,
 *   options: Record<string, unknown>,
 *   state: State,
 *   fraction: number,
 *   controller: AbortController,
 *   view: RunView,
 *   file?: string,
 *   result?: object,
 *   error?: { message: string, code?: string },
 * }} Run
 */

/** What the page may ask of `upscale`. */
const OPTIONS = [
  'scale', 'width', 'height', 'fit', 'format', 'quality', 'lossless', 'compressionLevel', 'depth', 'alpha',
  'background', 'autoOrient', 'keepMetadata', 'patchSize', 'padding',
]; // prettier-ignore

/** Runs that are kept; of more, the oldest that is over goes. */
const KEPT = 32;

/** A picture of up to so many pixels is one tile: its progress is told in percents, not in slices. */
const ONE_TILE = 512 * 512;

/** Between two looks at how much memory the process takes. */
const MEMORY_INTERVAL_MS = 25;

class Runs {
  /** @type {Map<string, Run>} */
  #runs = new Map();
  #last = 0;
  #parts;

  /**
   * @param {{
   *   lane: import('./lane').Lane,
   *   models: import('./models').Models,
   *   workspace: import('./workspace').Workspace,
   *   decoder: ReturnType<typeof import('./decode').createDecoder>,
   *   emit: (event: object) => void,
   * }} parts
   */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * @param {Picture} picture
   * @param {any} request `{ model: { id, precision }, options }`
   */
  start(picture, { model, options = {} }) {
    if (typeof model?.id !== 'string') throw new HttpError(400, 'Expected the id of a model');
    const allowed = Object.fromEntries(Object.entries(options).filter(([name]) => OPTIONS.includes(name)));
    const id = `r${++this.#last}`;
    /** @type {Run} */
    const run = {
      id,
      picture,
      model: { id: model.id, precision: model.precision, guard: model.guard },
      options: allowed,
      state: 'queued',
      fraction: 0,
      controller: new AbortController(),
      view: new RunView(id, picture.facts, this.#parts.workspace),
    };
    this.#runs.set(id, run);
    this.#removeSurplus();
    this.#tell(run);
    this.#parts.lane.run(() => this.#run(run));
    return run;
  }

  /**
   * @param {string} id
   * @returns {Run}
   */
  get(id) {
    const run = this.#runs.get(id);
    if (run === undefined) throw new HttpError(404, 'This result is no longer kept: run it again');
    return run;
  }

  /** @param {string} id of a run's surface @returns {Surface | undefined} */
  surface(id) {
    return this.#runs.get(id.split('-')[0])?.view.surface(id);
  }

  /** @param {string} id */
  cancel(id) {
    const run = this.get(id);
    run.controller.abort();
    if (run.state === 'queued') this.#end(run, 'cancelled');
  }

  /** @param {string} id */
  remove(id) {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    run.controller.abort();
    this.#runs.delete(id);
    if (run.state !== 'running') discard(run);
  }

  /** @param {Picture} picture */
  removeOf(picture) {
    for (const run of [...this.#runs.values()]) if (run.picture === picture) this.remove(run.id);
  }

  close() {
    for (const id of [...this.#runs.keys()]) this.remove(id);
  }

  /** @param {Run} run */
  async #run(run) {
    const { signal } = run.controller;
    if (signal.aborted) return;
    run.state = 'running';
    this.#tell(run);
    try {
      const upscaler = await this.#parts.models.instance(run.model);
      signal.throwIfAborted();
      run.view.cleans = cleansFirst(await upscaler.getModel(), run);
      const picture = await readFile(run.picture.file);
      const memory = watchMemory();
      const { data, info } = await this.#upscale(upscaler, picture, run).finally(memory.stop);
      run.file = this.#parts.workspace.file(`.${info.format}`);
      await writeFile(run.file, data);
      const pixels = run.view.isComplete(info, run.options)
        ? undefined
        : await this.#parts.decoder.decode(data);
      await run.view.finish(pixels);
      run.result = { ...info, peakMemory: memory.peak() };
      run.fraction = 1;
      this.#end(run, signal.aborted ? 'cancelled' : 'done');
    } catch (error) {
      if (!signal.aborted) run.error = describeError(error);
      this.#end(run, signal.aborted ? 'cancelled' : 'failed');
    } finally {
      if (!this.#runs.has(run.id)) discard(run);
    }
  }

  /**
   * @param {import('../../index.js')} upscaler
   * @param {Buffer} picture
   * @param {Run} run
   */
  #upscale(upscaler, picture, run) {
    const { width, height } = run.picture.facts;
    const whole = width * height <= ONE_TILE && run.options.patchSize === undefined;
    const percents = (/** @type {number} */ fraction) => this.#tell(run, { fraction });
    /** @type {import('../../index.js').ProgressCallback<'raw'>} */
    const slices = (fraction, slice, where) =>
      this.#tell(run, { fraction, tile: run.view.add(slice, where) });
    return upscaler.upscale(picture, {
      ...run.options,
      output: 'buffer',
      progressOutput: 'raw',
      progress: whole ? percents : slices,
      signal: run.controller.signal,
      resolveWithObject: true,
    });
  }

  /**
   * @param {Run} run
   * @param {State} state
   */
  #end(run, state) {
    run.state = state;
    this.#tell(run);
  }

  /**
   * @param {Run} run
   * @param {{ fraction?: number, tile?: object }} [change]
   */
  #tell(run, { fraction = run.fraction, tile } = {}) {
    if (!this.#runs.has(run.id)) return;
    run.fraction = fraction;
    this.#parts.emit({ type: 'run', ...describe(run), ...(tile && { tile }) });
  }

  #removeSurplus() {
    for (const run of this.#runs.values()) {
      if (this.#runs.size <= KEPT) return;
      if (run.state !== 'running' && run.state !== 'queued') this.remove(run.id);
    }
  }
}

/** @param {Run} run that nobody can ask for any more: its files go */
function discard({ view, file }) {
  view.close();
  if (file !== undefined) rmSync(file, { force: true });
}

/** @param {Run} run @returns {object} what the page is told of it */
function describe({ id, picture, model, state, fraction, view, result, error }) {
  return { id, picture: picture.id, model, state, fraction, surface: view.shown(), result, error };
}

/**
 * @param {import('../../index.js').Model} model
 * @param {Run} run
 */
function cleansFirst(model, { picture: { facts }, options }) {
  const { scale, width, height } = /** @type {Record<string, number | undefined>} */ (options);
  const wanted = scale ?? Math.max((width ?? 0) / facts.width, (height ?? 0) / facts.height);
  return explainChoice(model, facts, wanted || model.scale).model.includes('+');
}

/** @param {unknown} error */
function describeError(error) {
  const { message, code } = toHttpError(error);
  return { message, code };
}

function watchMemory() {
  let most = process.memoryUsage.rss();
  const look = () => {
    most = Math.max(most, process.memoryUsage.rss());
  };
  const timer = setInterval(look, MEMORY_INTERVAL_MS);
  return {
    stop() {
      look();
      clearInterval(timer);
    },
    peak: () => most,
  };
}

module.exports = { Runs, describe };

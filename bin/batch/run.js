// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { write } = require('../terminal/output');
const { readSize } = require('./header');
const { STANDARD_OUTPUT } = require('./naming');
const { LOST, toSystem } = require('./system-path');
const { writeWhole } = require('./write');

/**
 * Pictures one after the other, a few at a time: while one is upscaled, the next is decoded and the last encoded and
 * written. No more pictures are in memory than are in work.
 *
 * @typedef {import('./plan').Job} Job
 * @typedef {import('./networks').Networks} Networks
 * @typedef {import('./route').Route} Route
 * @typedef {{ width: number, height: number, format: string, size: number, model: string | null, durationMs: number, guarded: number, drawn: number }} Written
 *   `model`: `null` where none was needed. `guarded`: the share that was replaced, `drawn`: that was upscaled as drawn, 0..1
 * @typedef {{
 *   onStart(job: Job): void,
 *   onProgress(job: Job, fraction: number): void,
 *   onWritten(job: Job, written: Written): void | Promise<void>,
 *   onFailed(job: Job, error: Error & { code?: string }): void | Promise<void>,
 * }} Listener
 * @typedef {{ options: Record<string, any>, overwrite: boolean, concurrency: number, signal: AbortSignal }} Settings
 *   `options`: of `upscale()`
 */

/** With these, no further picture can be written either. */
const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EPIPE']);

/**
 * @param {Job[]} jobs those that are ready
 * @param {{ route: Route, networks: Networks }} models
 * @param {Settings} settings
 * @param {Listener} listener
 * @returns {Promise<Error | undefined>} why the batch stopped before its end, if it did of itself
 */
async function runBatch(jobs, models, settings, listener) {
  const queue = jobs[Symbol.iterator]();
  /** @type {Error | undefined} */
  let stopped;
  const work = async () => {
    for (const job of queue) {
      if (settings.signal.aborted || stopped !== undefined) return;
      listener.onStart(job);
      try {
        await listener.onWritten(job, await upscaleOne(job, models, settings, listener));
      } catch (thrown) {
        const error = /** @type {Error & { code?: string }} */ (thrown);
        if (settings.signal.aborted) return;
        if (NO_SPACE.has(error.code ?? '')) stopped ??= error;
        await listener.onFailed(job, error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(settings.concurrency, jobs.length) }, work));
  return stopped;
}

/**
 * @param {Job} job
 * @param {{ route: Route, networks: Networks }} models
 * @param {Settings} settings
 * @param {Listener} listener
 * @returns {Promise<Written>}
 */
async function upscaleOne(job, { route, networks }, { options, overwrite, signal }, listener) {
  const { input, output, format } = job;
  const fromStdin = input.file === '-';
  const size = fromStdin ? undefined : await readSize(input.file);
  const upscaler = networks.get(route.pick(size));
  const settings = {
    ...options,
    format: /** @type {'png' | undefined} */ (format),
    signal,
    progress: (/** @type {number} */ fraction) => listener.onProgress(job, fraction),
  };
  const source = fromStdin ? process.stdin : sourceOf(input.file);
  const { data, info } = await upscaler.upscale(source, { ...settings, resolveWithObject: true });
  signal.throwIfAborted();
  if (output === STANDARD_OUTPUT) await write(data);
  else {
    await fs.promises.mkdir(toSystem(path.dirname(output)), { recursive: true });
    await writeWhole(output, data, { overwrite });
  }
  const { width, height, model, durationMs, guarded, drawn } = info;
  const reduced = size !== undefined && width < size.width && height < size.height;
  return {
    width,
    height,
    format: info.format,
    size: info.size,
    model: reduced ? null : model,
    durationMs,
    guarded,
    drawn,
  };
}

/**
 * @param {string} file
 * @returns {string | fs.ReadStream} as `upscale()` takes it: its paths are UTF-8, the working directory's among them
 */
function sourceOf(file) {
  const whole = path.resolve(file);
  const known = toSystem(whole) === whole && !whole.includes(LOST);
  return known ? whole : fs.createReadStream(toSystem(file));
}

module.exports = { runBatch };

// @ts-check
'use strict';

const { readConfig } = require('../arguments/config');
const { UsageError } = require('../arguments/usage-error');
const { findInputs } = require('../batch/inputs');
const { onInterrupt } = require('../batch/interrupt');
const { namingFor, sizeLabel, STANDARD_OUTPUT } = require('../batch/naming');
const { Networks } = require('../batch/networks');
const { plan } = require('../batch/plan');
const { Report } = require('../batch/report');
const { resumeCommand } = require('../batch/resume');
const { routeFor } = require('../batch/route');
const { runBatch } = require('../batch/run');
const { onOutputError, say } = require('../terminal/output');
const { plural } = require('../terminal/figures');

/**
 * @typedef {import('../arguments/commands').Invocation} Invocation
 * @typedef {import('../batch/plan').Job} Job
 */

const CONCURRENCY = 2;

/** @param {Invocation} invocation */
async function run({ operands, options: given, command }) {
  const options = { ...(given.config === undefined ? {} : readConfig(given.config, command)), ...given };
  checkTogether(options, operands);
  const found = await findInputs(operands, options);
  const naming = namingFor(options, { count: found.inputs.length, fromStdin: operands.includes('-') });
  const route = routeFor(options.model, options);
  const controller = new AbortController();
  const networks = new Networks(options, controller.signal);
  /** @type {Report | undefined} */
  let report;
  const interrupt = onInterrupt(controller, () => report?.stop());
  const stopListening = onOutputError((error) => controller.abort(error));
  try {
    const usual = route.usual ?? (await networks.get(route.pick()).getModel()).scale;
    const fields = {
      model: route.label,
      scale: String(options.scale ?? usual),
      size: sizeLabel(options, usual),
    };
    const jobs = plan(found.inputs, (input) => naming(input, fields), options);
    checkStreams(jobs, options);
    report = new Report(jobs, options);
    await foretell(report, route, found);
    await settle(jobs, report, options, route.label);
    const ready = options.dryRun ? [] : jobs.filter(({ state }) => state === 'ready');
    const stopped = await carryOut(ready, { route, networks, report, options, controller });
    report.summary();
    return conclude(
      { report, ready, stopped, options, operands, signal: controller.signal },
      interrupt.exitCode,
    );
  } catch (error) {
    // A model whose loading was interrupted, and nothing else.
    if (interrupt.exitCode === undefined) throw error;
    say('Interrupted: nothing was written.');
    return interrupt.exitCode;
  } finally {
    report?.stop();
    interrupt.stop();
    stopListening();
    await networks.dispose();
  }
}

/**
 * What is worth knowing before the first picture.
 *
 * @param {Report} report
 * @param {import('../batch/route').Route} route
 * @param {import('../batch/inputs').Found} found
 */
async function foretell(report, { note }, { leftOut, problems }) {
  if (note !== undefined) report.note(note);
  if (leftOut.length > 0)
    report.note(`${plural(leftOut.length, 'result')} of earlier runs left out, ${leftOut[0]} first`);
  for (const { file, reason, code } of problems) {
    await report.failed({ input: { file } }, { message: reason, code });
  }
}

/**
 * Tells of those that need no work, or get none.
 *
 * @param {Job[]} jobs
 * @param {Report} report
 * @param {Record<string, any>} options
 * @param {string} model
 */
async function settle(jobs, report, { dryRun }, model) {
  for (const job of jobs) {
    if (job.state === 'exists') await report.exists(job);
    if (job.state === 'refused') await report.failed(job, { message: job.reason ?? '' });
    if (job.state === 'ready' && dryRun) await report.planned(job, model);
  }
}

/**
 * @param {Job[]} jobs
 * @param {{
 *   route: import('../batch/route').Route,
 *   networks: Networks,
 *   report: Report,
 *   options: Record<string, any>,
 *   controller: AbortController,
 * }} context
 * @returns {Promise<Error | undefined>} why the batch stopped of itself
 */
async function carryOut(jobs, { route, networks, report, options, controller }) {
  if (jobs.length === 0) return undefined;
  const stopWarnings = showWarnings(report);
  try {
    // A model that cannot be loaded fails the batch, not each of its pictures.
    if (!route.varies) await networks.get(route.pick()).ready;
    const settings = {
      options: callOptions(options),
      overwrite: options.overwrite ?? false,
      concurrency: options.concurrency ?? CONCURRENCY,
      signal: controller.signal,
    };
    return await runBatch(jobs, { route, networks }, settings, {
      onStart: (job) => report.start(job),
      onProgress: (job, fraction) => report.update(job, fraction),
      onWritten: (job, written) => report.written(job, written),
      onFailed: (job, error) => report.failed(job, error),
    });
  } finally {
    stopWarnings();
  }
}

/**
 * The last words, and the exit code.
 *
 * @param {{
 *   report: Report,
 *   ready: Job[],
 *   stopped: Error | undefined,
 *   options: Record<string, any>,
 *   operands: string[],
 *   signal: AbortSignal,
 * }} batch
 * @param {number | undefined} interrupted the exit code of the signal that came
 */
function conclude({ report, ready, stopped, options, operands, signal }, interrupted) {
  const { written, failed } = report.counts;
  if (interrupted !== undefined) {
    say(
      `Interrupted: ${written} of ${plural(ready.length, 'picture')} written. ${resumeCommand(operands, options)}`,
    );
    return interrupted;
  }
  if (signal.aborted) say(`upscaler-node: ${signal.reason.message}`);
  if (stopped !== undefined && ready.length - written > 1) {
    say(`Stopped: nothing more can be written. ${resumeCommand(operands, options)}`);
  }
  return failed > 0 || signal.aborted ? 1 : 0;
}

/**
 * @param {Record<string, any>} options
 * @param {string[]} operands
 */
function checkTogether(options, operands) {
  const both = (/** @type {string} */ a, /** @type {string} */ b, why = 'are two answers to one question') =>
    new UsageError(`${a} and ${b} ${why}`, 'upscale');
  if (options.scale && (options.width || options.height)) {
    throw both('--scale', options.width ? '--width' : '--height');
  }
  if (options.overwrite && options.skipExisting) throw both('--overwrite', '--skip-existing');
  if (options.fit && !(options.width && options.height)) {
    throw new UsageError('--fit wants --width and --height', 'upscale');
  }
  const toStdout =
    options.output === STANDARD_OUTPUT || (options.output === undefined && operands.includes('-'));
  if (toStdout && options.json) throw both('--json', '-o -', 'both write to standard output');
}

/**
 * @param {Job[]} jobs
 * @param {Record<string, any>} options
 */
function checkStreams(jobs, { dryRun }) {
  if (dryRun) return;
  if (jobs.some(({ input }) => input.file === '-') && process.stdin.isTTY) {
    throw new UsageError(
      'standard input is a terminal: give a file, or send a picture through a pipe',
      'upscale',
    );
  }
  if (jobs.some(({ output }) => output === STANDARD_OUTPUT) && process.stdout.isTTY) {
    throw new UsageError(
      'standard output is a terminal: send it to a file or a pipe, or give -o <file>',
      'upscale',
    );
  }
}

/** @param {Record<string, any>} options of the command line; those of `upscale()` that are among them */
function callOptions({
  scale,
  width,
  height,
  fit,
  quality,
  lossless,
  depth,
  alpha,
  background,
  keepMetadata,
  timeout,
}) {
  return {
    ...{ scale, width, height, fit, quality, lossless, alpha, background, keepMetadata, timeout },
    depth: depth && Number(depth),
  };
}

/**
 * The library's warnings among the other lines, instead of Node's way of showing them.
 *
 * @param {Report} report
 */
function showWarnings(report) {
  const listener = (/** @type {Error} */ { name, message }) => {
    if (name === 'UpscalerWarning') report.warn(message);
  };
  process.on('warning', listener);
  return () => void process.off('warning', listener);
}

module.exports = { run };

// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { STANDARD_OUTPUT } = require('./naming');
const { statOf } = require('./stat');
const { byteLength, toSystem } = require('./system-path');

/**
 * Before anything is upscaled: where each result goes, and what stands in its way.
 *
 * @typedef {import('./inputs').Input} Input
 * @typedef {{
 *   input: Input,
 *   output: string,
 *   format: string | undefined,
 *   state: 'ready' | 'exists' | 'refused',
 *   reason?: string,
 * }} Job `exists`: there already, and to be left out; `refused`: cannot be written, for this reason
 */

/** The longest name of a file, in bytes, on the file systems in use. */
const LONGEST_NAME = 255;

/**
 * @param {Input[]} inputs
 * @param {(input: Input) => { output: string, format: string | undefined }} name
 * @param {{ overwrite?: boolean, skipExisting?: boolean }} options
 * @returns {Job[]}
 */
function plan(inputs, name, { overwrite = false, skipExisting = false }) {
  const jobs = inputs.map((input) => /** @type {Job} */ ({ input, ...name(input), state: 'ready' }));
  const owners = inputsByIdentity(inputs);
  /** @type {Map<string, Job>} */
  const taken = new Map();
  const folders = new Map();
  for (const job of jobs) {
    if (job.output === STANDARD_OUTPUT) continue;
    const existing = statOf(job.output);
    const key = keyOf(job.output, existing);
    const reason =
      whyNotNamed(job.output, existing) ??
      whyNotOwn(job, existing && owners.get(key), overwrite) ??
      whyNotFirst(taken.get(key)) ??
      whyNotThere(path.dirname(job.output), folders) ??
      whyNotReplaced(job.output, existing, overwrite || skipExisting);
    if (reason !== undefined) Object.assign(job, { state: 'refused', reason });
    else if (existing?.isFile() && skipExisting) job.state = 'exists';
    if (!taken.has(key)) taken.set(key, job);
  }
  return jobs;
}

/** @param {Input[]} inputs */
function inputsByIdentity(inputs) {
  return new Map(inputs.filter(({ file }) => file !== '-').map((input) => [input.identity ?? '', input]));
}

/**
 * What tells whether two names are of one file, also through links and where case does not count.
 *
 * @param {string} file
 * @param {fs.Stats | undefined} existing
 */
function keyOf(file, existing) {
  if (existing !== undefined && existing.ino !== 0) return `${existing.dev}:${existing.ino}`;
  const resolved = path.resolve(file).normalize('NFC');
  return process.platform === 'linux' ? resolved : resolved.toLowerCase();
}

/**
 * @param {string} file
 * @param {fs.Stats | undefined} existing
 */
function whyNotNamed(file, existing) {
  if (existing?.isDirectory()) return `${file} is a folder`;
  const length = byteLength(path.basename(file));
  if (length <= LONGEST_NAME) return undefined;
  return `the result's name has ${length} bytes and file systems allow ${LONGEST_NAME}: choose another with -o`;
}

/**
 * @param {Job} job
 * @param {Input | undefined} owner the input that the output is
 * @param {boolean} overwrite
 */
function whyNotOwn({ input, output }, owner, overwrite) {
  if (owner === undefined || (owner === input && overwrite)) return undefined;
  return owner === input
    ? `the result would replace the picture itself: --overwrite allows it`
    : `${output} is a picture to be upscaled too, and is not replaced`;
}

/** @param {Job | undefined} first that has this output */
function whyNotFirst(first) {
  if (first === undefined) return undefined;
  return `${first.output} is where ${first.input.file} goes: tell them apart with -o, such as '{dir}/{name}-{ext}@{size}.png'`;
}

/**
 * @param {string} file
 * @param {fs.Stats | undefined} existing
 * @param {boolean} told what to do then
 */
function whyNotReplaced(file, existing, told) {
  if (told || !existing?.isFile()) return undefined;
  return `${file} exists: --overwrite replaces it, --skip-existing leaves it`;
}

/**
 * Makes sure that a folder is there and can be written to.
 *
 * @param {string} folder
 * @param {Map<string, string | undefined>} known
 */
function whyNotThere(folder, known) {
  if (!known.has(folder)) known.set(folder, tryFolder(folder));
  return known.get(folder);
}

/**
 * The nearest folder that is there: the rest is made when the first result is written.
 *
 * @param {string} folder
 * @returns {string | undefined}
 */
function tryFolder(folder) {
  try {
    const stats = statOf(folder);
    const parent = path.dirname(folder);
    if (stats === undefined) return parent === folder ? `${folder} does not exist` : tryFolder(parent);
    if (!stats.isDirectory()) return `${folder} is no folder`;
    fs.accessSync(toSystem(folder), fs.constants.W_OK | fs.constants.X_OK);
    return undefined;
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}

module.exports = { plan };

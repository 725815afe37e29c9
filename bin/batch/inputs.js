// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { isPicture } = require('./formats');
const { entries, glob, isGlob } = require('./glob');
const { statOf } = require('./stat');
const { LOST, asArgument, toSystem } = require('./system-path');

/**
 * From what was written on the command line to pictures.
 *
 * @typedef {{
 *   file: string,
 *   folder: string,
 *   named: boolean,
 *   bytes: number,
 *   identity?: string,
 * }} Input `file`: as it was given, or found; `-` for standard input. `folder`: of the file within the folder that was
 *   given. `named`: given by its own name. `identity`: the same for two names of one file
 * @typedef {{ file: string, reason: string, code?: string }} Problem
 * @typedef {{ inputs: Input[], problems: Problem[], leftOut: string[] }} Found `leftOut`: results of earlier runs
 */

/** What the result of an earlier run is called: `photo@2x.jpg`, `photo@1920w.jpg`. */
const RESULT = /@(\d+(\.\d+)?x|\d+[wh]|\d+x\d+)$/;

/** What the system says of a pattern that is no name of anything: a long one can be no name at all. */
const NOT_THERE = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/**
 * @param {string[]} operands
 * @param {{ recursive?: boolean }} options
 * @returns {Promise<Found>} each file once
 */
async function findInputs(operands, { recursive = false }) {
  /** @type {Found} */
  const found = { inputs: [], problems: [], leftOut: [] };
  for (const operand of operands) await expand(operand, recursive, found);
  const seen = new Set();
  found.inputs = found.inputs.filter(
    ({ file, identity = file }) => !seen.has(identity) && seen.add(identity),
  );
  return leaveOutResults(found);
}

/**
 * @param {string} operand
 * @param {boolean} recursive
 * @param {Found} found
 * @returns {Promise<void>}
 */
async function expand(operand, recursive, found) {
  if (operand === '-') {
    found.inputs.push({ file: '-', folder: '', named: true, bytes: 0 });
    return;
  }
  const stats = await fs.promises
    .stat(toSystem(operand))
    .catch((/** @type {NodeJS.ErrnoException} */ error) => error);
  if (stats instanceof Error) {
    if (operand.includes(LOST) && !isGlob(operand)) return expandLost(operand, recursive, found);
    if (isGlob(operand) && NOT_THERE.has(stats.code ?? '')) return expandGlob(operand, found);
    return void found.problems.push(unreadable(operand, stats));
  }
  if (!stats.isDirectory()) return void found.inputs.push(toInput(operand, '', stats, true));
  const before = found.inputs.length;
  await expandFolder(operand, '', recursive, found);
  if (found.inputs.length > before) return;
  const hint = recursive ? '' : ' (-r looks into the folders within it)';
  found.problems.push({ file: operand, reason: `no pictures in this folder${hint}` });
}

/**
 * What a name stands for of which Node has not kept all bytes.
 *
 * @param {string} operand
 * @param {boolean} recursive
 * @param {Found} found
 */
async function expandLost(operand, recursive, found) {
  const { root } = path.parse(operand);
  let meant = [root];
  for (const segment of operand.slice(root.length).split(path.sep).filter(Boolean)) {
    const within = await Promise.all(meant.map((folder) => namesOf(folder, segment)));
    meant = within.flat();
  }
  meant = meant.filter((file) => statOf(file) !== undefined);
  if (meant.length === 1) return expand(meant[0], recursive, found);
  const reason =
    meant.length === 0
      ? 'no such file (its name is not UTF-8)'
      : `its name is not UTF-8, and ${meant.length} files may be meant: give their folder, or a pattern in quotes`;
  found.problems.push({ file: operand, reason, code: meant.length === 0 ? 'ENOENT' : undefined });
}

/**
 * @param {string} folder
 * @param {string} segment
 * @returns {Promise<string[]>} what is in the folder and called so on a command line
 */
async function namesOf(folder, segment) {
  if (!segment.includes(LOST)) return [path.join(folder, segment)];
  const names = (await entries(folder)).map(({ name }) => name);
  return names.filter((name) => asArgument(name) === segment).map((name) => path.join(folder, name));
}

/**
 * @param {string} pattern
 * @param {Found} found
 */
async function expandGlob(pattern, found) {
  const before = found.inputs.length;
  for await (const file of glob(pattern)) {
    if (isPicture(file)) await addFile(file, '', found);
  }
  if (found.inputs.length === before) {
    found.problems.push({ file: pattern, reason: 'no file and no picture that fits this pattern' });
  }
}

/**
 * @param {string} root
 * @param {string} folder within it
 * @param {boolean} recursive
 * @param {Found} found
 */
async function expandFolder(root, folder, recursive, found) {
  for (const entry of await entries(path.join(root, folder))) {
    if (entry.name.startsWith('.')) continue;
    const file = path.join(root, folder, entry.name);
    if (entry.isDirectory()) {
      if (recursive) await expandFolder(root, path.join(folder, entry.name), recursive, found);
    } else if (isPicture(entry.name)) await addFile(file, folder, found);
  }
}

/**
 * @param {string} file that was found
 * @param {string} folder
 * @param {Found} found
 */
async function addFile(file, folder, found) {
  const stats = await fs.promises.stat(toSystem(file)).catch((error) => error);
  if (stats instanceof Error) found.problems.push(unreadable(file, stats));
  else if (stats.isFile()) found.inputs.push(toInput(file, folder, stats, false));
}

/**
 * @param {string} file
 * @param {string} folder
 * @param {fs.Stats} stats
 * @param {boolean} named
 * @returns {Input}
 */
function toInput(file, folder, stats, named) {
  // Windows has no such numbers in all of its file systems.
  const identity = stats.ino === 0 ? path.resolve(file) : `${stats.dev}:${stats.ino}`;
  return { file, folder, named, bytes: stats.size, identity };
}

/**
 * @param {string} file
 * @param {NodeJS.ErrnoException} error
 * @returns {Problem}
 */
function unreadable(file, error) {
  const reason = error.code === 'ENOENT' ? 'no such file' : error.message;
  return { file, reason, code: error.code };
}

/**
 * A folder that was upscaled before holds `photo@2x.jpg` beside `photo.jpg`: upscaling that too would go on for ever.
 *
 * @param {Found} found
 * @returns {Found}
 */
function leaveOutResults(found) {
  const originals = new Set(found.inputs.map(({ file }) => withoutEnding(file)));
  const isResult = (/** @type {Input} */ { file, named }) => {
    const stem = withoutEnding(file);
    return !named && RESULT.test(stem) && originals.has(stem.replace(RESULT, ''));
  };
  return {
    ...found,
    inputs: found.inputs.filter((input) => !isResult(input)),
    leftOut: found.inputs.filter(isResult).map(({ file }) => file),
  };
}

/** @param {string} file */
function withoutEnding(file) {
  return file.slice(0, file.length - path.extname(file).length);
}

module.exports = { findInputs };

// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { bytes, plural } = require('../terminal/figures');

/**
 * Where converted models are kept, as src/model/cache.rs has it: where the user says, and only if nobody else can write
 * there.
 *
 * @typedef {import('./examine').Finding} Finding
 */

const VARIABLE = 'UPSCALER_NODE_CACHE';

/** @returns {{ text: string, findings: Finding[] }} */
function cacheFacts() {
  const folder = process.env[VARIABLE];
  if (folder === undefined || folder === '')
    return { text: `off (${VARIABLE} names no folder)`, findings: [] };
  try {
    return { text: describe(folder), findings: privacyFindings(folder) };
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOENT') return { text: `${folder} (not there yet)`, findings: [] };
    return { text: folder, findings: [note(`the cache is not used: ${message}`)] };
  }
}

/** @param {string} folder */
function describe(folder) {
  const names = fs.readdirSync(folder);
  const sizes = names.map(
    (name) => fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return `${folder} (${plural(names.length, 'file')}, ${bytes(sizes.reduce((sum, size) => sum + size, 0))})`;
}

/**
 * @param {string} folder
 * @returns {Finding[]}
 */
function privacyFindings(folder) {
  if (process.geteuid === undefined) return [];
  const stats = fs.lstatSync(folder);
  if (stats.isSymbolicLink()) return [note(`the cache ${folder} is not used: it is a link`)];
  if (stats.uid === process.geteuid() && (stats.mode & 0o022) === 0) return [];
  return [note(`the cache ${folder} is not used: others can write to it (chown and chmod 700 mend that)`)];
}

/**
 * @param {string} text
 * @returns {Finding}
 */
function note(text) {
  return { severity: 'note', text };
}

module.exports = { cacheFacts };

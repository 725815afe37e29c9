// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { write } = require('../terminal/output');
const { writeWhole } = require('./write');

/**
 * Writes what takes long to make. Whether it may be written is asked first.
 *
 * @template {Uint8Array | string} T
 * @param {string} output `-`: standard output
 * @param {{ overwrite?: boolean }} options
 * @param {() => Promise<T>} make
 * @returns {Promise<T>} what was written
 */
async function writeNew(output, { overwrite = false }, make) {
  if (output === '-') {
    const made = await make();
    await write(made);
    return made;
  }
  const existing = await fs.promises.stat(output).catch(() => undefined);
  if (existing?.isDirectory()) throw refusal(`${output} is a folder: give the name of a file`);
  if (existing?.isFile() && !overwrite) throw refusal(`${output} exists: --overwrite replaces it`);
  await fs.promises.mkdir(path.dirname(output), { recursive: true });
  const made = await make();
  await writeWhole(output, made, { overwrite });
  return made;
}

/** @param {string} message */
function refusal(message) {
  return Object.assign(new Error(message), { code: 'EEXIST' });
}

module.exports = { writeNew };

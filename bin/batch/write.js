// @ts-check
'use strict';

const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { fromSystem, toSystem } = require('./system-path');

/** Not those of a handle: Yarn's Plug'n'Play gives handles without `sync`. */
const writeFile = promisify(fs.writeFile);
const fchmod = promisify(fs.fchmod);
const fsync = promisify(fs.fsync);
const close = promisify(fs.close);

/** Files that are being written beside their final names, for `removeUnfinished`. @type {Set<string>} */
const unfinished = new Set();

/**
 * Writes a file so that under its name there is the whole of it or what was there before: beside it, to the disk, then
 * renamed. What is no regular file (a device, a pipe) is written to as it is.
 *
 * @param {string} file
 * @param {Uint8Array | string} data
 * @param {{ overwrite?: boolean }} [options] default: a file that exists is left as it is, with an EEXIST
 */
async function writeWhole(file, data, { overwrite = false } = {}) {
  const existing = await fs.promises.stat(toSystem(file)).catch(() => undefined);
  if (existing !== undefined && !existing.isFile()) return writeDirectly(file, data);
  // What a link points to is replaced, not the link.
  const target =
    existing === undefined ? file : fromSystem(await fs.promises.realpath(toSystem(file), 'buffer'));
  const folder = path.dirname(target);
  const temporary = path.join(folder, temporaryName());
  const descriptor = openUnfinished(temporary);
  try {
    await writeSynced(descriptor, data, existing?.mode);
    if (overwrite) await fs.promises.rename(toSystem(temporary), toSystem(target));
    else await renameToNew(temporary, target);
  } finally {
    await fs.promises.rm(toSystem(temporary), { force: true });
    unfinished.delete(temporary);
  }
  await syncFolder(folder);
}

/**
 * @param {string} file a device or a pipe
 * @param {Uint8Array | string} data
 */
async function writeDirectly(file, data) {
  const handle = await fs.promises.open(toSystem(file), 'w');
  try {
    await handle.writeFile(data);
  } finally {
    await handle.close();
  }
}

/**
 * Random, as processes that write into one folder may have the same number: each container counts its own.
 */
function temporaryName() {
  return `.upscaler-node-${randomBytes(12).toString('hex')}.tmp`;
}

/**
 * Synchronous, so that a process that ends meanwhile knows of the file as soon as it is there; and known only once it
 * is this process's own, so that nobody else's is ever removed.
 *
 * @param {string} file
 */
function openUnfinished(file) {
  const descriptor = fs.openSync(toSystem(file), 'wx');
  unfinished.add(file);
  return descriptor;
}

/**
 * @param {number} descriptor closed afterwards
 * @param {Uint8Array | string} data
 * @param {number} [mode] of the file that it will replace
 */
async function writeSynced(descriptor, data, mode) {
  try {
    if (mode !== undefined) await fchmod(descriptor, mode & 0o777);
    await writeFile(descriptor, data);
    await fsync(descriptor);
  } finally {
    await close(descriptor);
  }
}

/**
 * A rename would replace a file that came up meanwhile; a link does not.
 *
 * @param {string} from
 * @param {string} to
 */
async function renameToNew(from, to) {
  const [source, target] = [toSystem(from), toSystem(to)];
  try {
    await fs.promises.link(source, target);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'EEXIST') throw error;
    // No links on this file system, or not for this user: the check comes first instead.
    if (fs.existsSync(target)) throw Object.assign(new Error(`${to} exists`), { code: 'EEXIST' });
    await fs.promises.rename(source, target);
  }
}

/** @param {string} folder whose entries are to be on the disk; not every system can do that */
async function syncFolder(folder) {
  if (process.platform === 'win32') return;
  try {
    const handle = await fs.promises.open(toSystem(folder), 'r');
    try {
      await fsync(handle.fd);
    } finally {
      await handle.close();
    }
  } catch {}
}

/** At once, for a process that ends in the middle of its work. */
function removeUnfinished() {
  for (const file of unfinished) fs.rmSync(toSystem(file), { force: true });
}

module.exports = { writeWhole, removeUnfinished };

// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

/** Not the handle's own `sync`, which Yarn's Plug'n'Play lacks. */
const fsync = promisify(fs.fsync);

/** Files that are being written beside their final names, for `removeUnfinished`. @type {Set<string>} */
const unfinished = new Set();
let lastNumber = 0;

/**
 * Writes a file so that under its name there is the whole of it or what was there before: beside it, to the disk, then
 * renamed. What is no regular file (a device, a pipe) is written to as it is.
 *
 * @param {string} file
 * @param {Uint8Array | string} data
 * @param {{ overwrite?: boolean }} [options] default: a file that exists is left as it is, with an EEXIST
 */
async function writeWhole(file, data, { overwrite = false } = {}) {
  const existing = await fs.promises.stat(file).catch(() => undefined);
  if (existing !== undefined && !existing.isFile()) return writeDirectly(file, data);
  // What a link points to is replaced, not the link.
  const target = existing === undefined ? file : await fs.promises.realpath(file);
  const folder = path.dirname(target);
  const temporary = path.join(folder, `.upscaler-node-${process.pid}-${++lastNumber}.tmp`);
  unfinished.add(temporary);
  try {
    await writeSynced(temporary, data, existing?.mode);
    if (overwrite) await fs.promises.rename(temporary, target);
    else await renameToNew(temporary, target);
  } finally {
    await fs.promises.rm(temporary, { force: true });
    unfinished.delete(temporary);
  }
  await syncFolder(folder);
}

/**
 * @param {string} file a device or a pipe
 * @param {Uint8Array | string} data
 */
async function writeDirectly(file, data) {
  const handle = await fs.promises.open(file, 'w');
  try {
    await handle.writeFile(data);
  } finally {
    await handle.close();
  }
}

/**
 * @param {string} file must not exist
 * @param {Uint8Array | string} data
 * @param {number} [mode] of the file that it will replace
 */
async function writeSynced(file, data, mode) {
  const handle = await fs.promises.open(file, 'wx');
  try {
    if (mode !== undefined) await handle.chmod(mode & 0o777);
    await handle.writeFile(data);
    await fsync(handle.fd);
  } finally {
    await handle.close();
  }
}

/**
 * A rename would replace a file that came up meanwhile; a link does not.
 *
 * @param {string} from
 * @param {string} to
 */
async function renameToNew(from, to) {
  try {
    await fs.promises.link(from, to);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'EEXIST') throw error;
    // No links on this file system, or not for this user: the check comes first instead.
    if (fs.existsSync(to)) throw Object.assign(new Error(`${to} exists`), { code: 'EEXIST' });
    await fs.promises.rename(from, to);
  }
}

/** @param {string} folder whose entries are to be on the disk; not every system can do that */
async function syncFolder(folder) {
  if (process.platform === 'win32') return;
  try {
    const handle = await fs.promises.open(folder, 'r');
    try {
      await fsync(handle.fd);
    } finally {
      await handle.close();
    }
  } catch {}
}

/** At once, for a process that ends in the middle of its work. */
function removeUnfinished() {
  for (const file of unfinished) fs.rmSync(file, { force: true });
}

module.exports = { writeWhole, removeUnfinished };

// @ts-check
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { bytes, plural } = require('../terminal/figures');

/**
 * Where converted models are kept, as src/model/cache.rs chooses it.
 *
 * @typedef {import('./examine').Finding} Finding
 */

/** @returns {{ text: string, findings: Finding[] }} */
function cacheFacts() {
  const folder = cacheFolder();
  if (folder === undefined) return { text: 'off', findings: [] };
  /** @type {string[]} */
  let names;
  try {
    names = fs.readdirSync(folder);
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOENT') return { text: `${folder} (empty)`, findings: [] };
    return {
      text: folder,
      findings: [{ severity: 'note', text: `the cache cannot be read, so that nothing is kept: ${message}` }],
    };
  }
  const size = names.reduce(
    (sum, name) => sum + (fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
  return { text: `${folder} (${plural(names.length, 'file')}, ${bytes(size)})`, findings: [] };
}

function cacheFolder() {
  const chosen = process.env.UPSCALER_NODE_CACHE;
  if (chosen !== undefined) return chosen === '' ? undefined : chosen;
  if (process.platform === 'win32') return inside(process.env.LOCALAPPDATA);
  if (process.platform === 'darwin') return inside(path.join(os.homedir(), 'Library/Caches'));
  const xdg = process.env.XDG_CACHE_HOME;
  return inside(xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(os.homedir(), '.cache'));
}

/** @param {string | undefined} caches */
function inside(caches) {
  return caches === undefined ? undefined : path.join(caches, 'upscaler-node');
}

module.exports = { cacheFacts };

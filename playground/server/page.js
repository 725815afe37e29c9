// @ts-check
'use strict';

const { readFileSync, readdirSync } = require('node:fs');
const path = require('node:path');

/** The page's files, read once: the only ones that can be asked for. */

const TYPES = /** @type {Record<string, string>} */ ({
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
});

const ROOT = path.join(__dirname, '..');

/** Folders whose files are served, and where. */
const FOLDERS = { page: '/', samples: '/samples/' };

/** @returns {Map<string, { type: string, body: Buffer }>} by their path in an address */
function loadPage() {
  const files = new Map();
  for (const [folder, address] of Object.entries(FOLDERS)) {
    for (const name of /** @type {string[]} */ (readdirSync(path.join(ROOT, folder), { recursive: true }))) {
      const type = TYPES[path.extname(name)];
      if (type === undefined) continue;
      files.set(address + name.split(path.sep).join('/'), {
        type,
        body: readFileSync(path.join(ROOT, folder, name)),
      });
    }
  }
  files.set('/', files.get('/index.html'));
  return files;
}

module.exports = { loadPage };

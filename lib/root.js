// @ts-check
'use strict';

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

/**
 * Where this package is: its models, and what finds the native code from there. A bundler puts this code into a file of
 * the application, and the package is then the one in node_modules.
 */

/** Of this file; bundles that are ES modules have no such thing. */
const here = typeof __dirname === 'string' ? __dirname : undefined;

const isBundled = here === undefined || nameIn(path.join(here, '..')) !== 'upscaler-node';

const ROOT = isBundled ? installed() : path.join(__dirname, '..');

/** Spelled out from `__dirname` so that what traces the files of a deployment (@vercel/nft, Next.js) takes them along. */
const MODELS = isBundled ? path.join(ROOT, 'models') : path.join(__dirname, '..', 'models');

/** @returns {string} where a bundle's application has this package; where it should be, if it has not */
function installed() {
  const folders = [here, process.argv[1] && path.dirname(process.argv[1]), process.cwd()];
  for (const folder of folders) {
    if (!folder) continue;
    try {
      return path.dirname(createRequire(path.join(folder, 'index.js')).resolve('upscaler-node/package.json'));
    } catch {}
  }
  return path.join(process.cwd(), 'node_modules', 'upscaler-node');
}

/** @param {string} folder */
function nameIn(folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).name;
  } catch {
    return undefined;
  }
}

module.exports = { ROOT, MODELS, isBundled };

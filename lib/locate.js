// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { UpscalerError } = require('./errors');
const packages = require('./packages');
const { MODELS } = require('./root');

/**
 * Where the weights of a catalogue entry are.
 *
 * @typedef {import('./catalogue/entry').Entry} Entry
 * @typedef {{ folder: string } | { module: string }} Place the folder of a family that came with this package (all of
 *   them, in a clone), or what to `require`
 */

/**
 * In this package, in the package of ours that the application installed, or in UpscalerJS's, which hold the same
 * weights.
 *
 * @param {Entry} entry
 * @returns {Place | undefined} `undefined` if it has to be installed
 */
function locate({ family, file, package: name, module, upscalerjs }) {
  const folder = path.join(MODELS, family);
  if (fs.existsSync(path.join(folder, file))) return { folder };
  const installed = packages.packageFolder(name);
  if (installed !== undefined && fs.existsSync(path.join(installed, file))) return { module };
  const theirs = upscalerjs.find(packages.isInstalled);
  return theirs === undefined ? undefined : { module: theirs };
}

/**
 * @param {Entry} entry that is not to be found
 */
function notInstalled({ id, family, package: name }) {
  if (fs.existsSync(path.join(MODELS, family, 'package.json'))) {
    return new UpscalerError(
      'ERR_UPSCALER_MODEL_NOT_INSTALLED',
      `The weights of model ${id} are not built in this clone: npm run models -- ${family}`,
    );
  }
  return new UpscalerError(
    'ERR_UPSCALER_MODEL_NOT_INSTALLED',
    `Model ${id} is in a package that is not installed where ${process.cwd()} can see it: npm install ${name}`,
  );
}

module.exports = { locate, notInstalled };

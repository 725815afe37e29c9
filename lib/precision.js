// @ts-check
'use strict';

const path = require('node:path');
const { entries } = require('./catalogue');
const { UpscalerError } = require('./errors');
const { locate } = require('./locate');
const packages = require('./packages');

/**
 * The int8 form of the catalogue's models: a file beside the float32 one.
 *
 * @typedef {import('./catalogue/entry').Entry} Entry
 */

/** @param {string} file `dist/2x.onnx` */
function int8Name(file) {
  return file.replace(/\.onnx$/, '.int8.onnx');
}

/**
 * @param {Entry} entry
 * @returns {string} the file
 * @throws `ERR_UPSCALER_MODEL_NOT_FOUND` if the model does not come in int8, `ERR_UPSCALER_MODEL_NOT_INSTALLED` if its
 *   package is not there
 */
function int8File(entry) {
  if (!entry.precisions.includes('int8')) {
    const others = entries.filter(({ precisions }) => precisions.includes('int8')).map(({ id }) => id);
    throw new UpscalerError(
      'ERR_UPSCALER_MODEL_NOT_FOUND',
      `Model ${entry.id} does not come in int8; these do: ${others.join(', ')} (upscaler-node quantize makes an int8 file of any model)`,
    );
  }
  const place = locate({ ...entry, file: int8Name(entry.file), upscalerjs: [] });
  if (place === undefined) throw packages.notInstalled(entry.package);
  const folder = 'folder' in place ? place.folder : packages.packageFolder(entry.package);
  return path.join(/** @type {string} */ (folder), int8Name(entry.file));
}

module.exports = { int8File, int8Name };

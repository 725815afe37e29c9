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

/** The least gain over our own kernels, as measured, that is more than the noise of another machine. */
const LEAST_GAIN = 1.1;

/**
 * Whether the int8 form is faster than our own float32 kernels too. A rule instead of a trial, because the bytes of a
 * result must not depend on how busy a machine was when a model was loaded.
 *
 * @param {Entry} entry
 */
function int8BeatsKernels({ int8 }) {
  return int8 !== null && int8.kernelsSpeed >= LEAST_GAIN;
}

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

module.exports = { int8BeatsKernels, int8File, int8Name };

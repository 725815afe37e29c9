// @ts-check
'use strict';

const fs = require('node:fs/promises');
const path = require('node:path');
const check = require('./check');
const { STORAGES } = require('./convert');
const { resolveModel } = require('./resolve-model');
const { UpscalerError, fromNative, invalidValue } = require('./errors');
const { loadNative } = require('./load-native');

/** What the addon can read. */
const PICTURES = /\.(png|jpe?g|webp|tiff?|bmp|gif)$/i;

/**
 * Any model that can be run, as a standard `.onnx` whose convolutions compute in 8-bit integers.
 *
 * @param {unknown} model as the constructor takes it, in float32
 * @param {string} folder with pictures like those that the model is for
 * @param {{ scale?: number, storage?: 'float32' | 'float16' }} [options] `storage`: of the weights that stay floats.
 *   Default: float32.
 * @returns {Promise<import('./native').NativeQuantized>}
 */
async function quantizeModel(model, folder, { storage, ...options } = {}) {
  const stored = check.oneOf('options.storage', storage, STORAGES);
  const { source } = resolveModel(model, options);
  const pictures = await picturesOf(folder);
  try {
    return await loadNative().quantize(source, pictures, stored);
  } catch (error) {
    throw fromNative(error);
  }
}

/**
 * The pictures of a folder, in the same order everywhere, so that the same ones give the same model.
 *
 * @param {string} folder
 */
async function picturesOf(folder) {
  const names = await fs.readdir(folder).catch((cause) => {
    throw new UpscalerError('ERR_UPSCALER_READ', `Expected a folder of pictures at ${folder}`, { cause });
  });
  const pictures = names.filter((name) => PICTURES.test(name)).sort();
  if (pictures.length === 0) {
    throw invalidValue(
      'the folder to calibrate on',
      'PNG, JPEG, WebP, TIFF, BMP or GIF pictures in it',
      folder,
    );
  }
  return pictures.map((name) => path.join(folder, name));
}

module.exports = { quantizeModel };

// @ts-check
'use strict';

const check = require('./check');
const { resolveModel } = require('./resolve-model');
const { fromNative } = require('./errors');
const { loadNative } = require('./load-native');

/** How weights can be stored. */
const STORAGES = /** @type {const} */ (['float32', 'float16']);

/**
 * Any model that can be run, as a standard `.onnx`.
 *
 * @param {unknown} model as the constructor takes it
 * @param {{ scale?: number, storage?: 'float32' | 'float16' }} [options] `storage`: float16 halves the file and rounds the
 *   weights to 11 bits; the network computes in float32 either way. Default: float32.
 * @returns {Promise<Buffer>}
 */
async function convertModel(model, { storage, ...options } = {}) {
  const stored = check.oneOf('options.storage', storage, STORAGES);
  const { source } = resolveModel(model, options);
  try {
    return await loadNative().convert(source, stored);
  } catch (error) {
    throw fromNative(error);
  }
}

module.exports = { STORAGES, convertModel };

// @ts-check
'use strict';

const { resolveModel } = require('./definition');
const { fromNative } = require('./errors');
const { loadNative } = require('./load-native');

/**
 * Any model that can be run, as a standard `.onnx` with float32 weights.
 *
 * @param {unknown} model as the constructor takes it
 * @param {{ scale?: number }} [options]
 * @returns {Promise<Buffer>}
 */
async function convertModel(model, options = {}) {
  const { source } = resolveModel(model, options);
  try {
    return await loadNative().convert(source);
  } catch (error) {
    throw fromNative(error);
  }
}

module.exports = { convertModel };

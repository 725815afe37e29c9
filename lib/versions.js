// @ts-check
'use strict';

const { fromNative } = require('./errors');
const { loadNative } = require('./load-native');

const native = loadNative();

/** Versions of the package and its parts. Reading that of ONNX Runtime loads its library. */
const versions = {
  'upscaler-node': /** @type {string} */ (require('../package.json').version),
  napi: process.versions.napi,
  get onnxruntime() {
    try {
      return native.versions().onnxruntime;
    } catch (error) {
      throw fromNative(error);
    }
  },
};

module.exports = { versions };

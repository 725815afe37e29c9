// @ts-check
'use strict';

const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { onDisk } = require('./asar');
const { describeUrl, invalidValue } = require('./errors');

/** Paths and file: URLs of models. */

/** @param {string} text a bare word is a name, so that no name can be taken for a file that happens to be there */
function isModelPath(text) {
  return path.isAbsolute(text) || /^(\.{1,2}[/\\]|file:)|\.(onnx|json|param)$/i.test(text);
}

/** @param {string} file a path or a file: URL */
function localPath(file) {
  if (/^https?:/i.test(file)) throw invalidValue('model path', 'a local file', describeUrl(file));
  return onDisk(/^file:/i.test(file) ? fileUrlPath(file) : path.resolve(file));
}

/** @param {string} url */
function fileUrlPath(url) {
  try {
    return fileURLToPath(url);
  } catch {
    throw invalidValue('options.model', 'the file: URL of a local file', describeUrl(url));
  }
}

module.exports = { fileUrlPath, isModelPath, localPath };

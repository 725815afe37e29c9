// @ts-check
'use strict';

const fs = require('node:fs');
const { toSystem } = require('./system-path');

/**
 * @param {string} file
 * @returns {fs.Stats | undefined} `undefined` too where a folder above it is none, or its name is too long
 */
function statOf(file) {
  try {
    return fs.statSync(toSystem(file));
  } catch {
    return undefined;
  }
}

module.exports = { statOf };

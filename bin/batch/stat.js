// @ts-check
'use strict';

const fs = require('node:fs');

/**
 * @param {string} file
 * @returns {fs.Stats | undefined} `undefined` too where a folder above it is none, or its name is too long
 */
function statOf(file) {
  try {
    return fs.statSync(file);
  } catch {
    return undefined;
  }
}

module.exports = { statOf };

// @ts-check
'use strict';

const fs = require('node:fs');

/**
 * Electron shows JavaScript what its archive leaves outside as if it were inside. Native code, which the archive is a file
 * to, opens it where it is.
 *
 * @param {string} file
 * @returns {string} where the system has it
 */
function onDisk(file) {
  const outside = file.replace(/\.asar(?=[/\\])/, '.asar.unpacked');
  return outside !== file && fs.existsSync(outside) ? outside : file;
}

module.exports = { onDisk };

// @ts-check
'use strict';

const { EXIT_CODES } = require('./signals');

/**
 * Keeps a server's process until a signal asks it to end; a second one does not wait for its last requests.
 *
 * @param {() => Promise<void>} close
 * @returns {Promise<number>} the exit code: that a server was stopped is no failure
 */
function holdUntilStopped(close) {
  return new Promise((resolve, reject) => {
    let asked = false;
    const stop = (/** @type {NodeJS.Signals} */ signal) => {
      if (asked) process.exit(EXIT_CODES[signal]);
      asked = true;
      close().then(() => resolve(0), reject);
    };
    for (const signal of Object.keys(EXIT_CODES)) process.on(signal, stop);
  });
}

module.exports = { holdUntilStopped };

// @ts-check
'use strict';

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
      if (asked) process.exit(signal === 'SIGINT' ? 130 : 143);
      asked = true;
      close().then(() => resolve(0), reject);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

module.exports = { holdUntilStopped };

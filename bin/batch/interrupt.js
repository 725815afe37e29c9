// @ts-check
'use strict';

const { say } = require('../terminal/output');
const { EXIT_CODES } = require('../terminal/signals');
const { removeUnfinished } = require('./write');

/** Whoever waits longer is told what for. */
const NOTICE_MS = 1000;

/**
 * The first signal asks the work to stop, the second ends the process at once; either way nothing half-written stays.
 *
 * @param {AbortController} controller
 * @param {() => void} restore puts the terminal back in order before a sudden end
 */
function onInterrupt(controller, restore) {
  /** @type {number | undefined} */
  let exitCode;
  /** @type {NodeJS.Timeout | undefined} */
  let notice;
  const listeners = Object.entries(EXIT_CODES).map(([signal, code]) => {
    const listener = () => {
      if (exitCode !== undefined) {
        restore();
        removeUnfinished();
        process.exit(code);
      }
      exitCode = code;
      notice = setTimeout(() => say('Stopping; Ctrl-C again ends it at once.'), NOTICE_MS);
      controller.abort();
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  return {
    /** What to exit with; `undefined` if nothing came. */
    get exitCode() {
      return exitCode;
    },
    stop() {
      clearTimeout(notice);
      for (const { signal, listener } of listeners) process.off(signal, listener);
    },
  };
}

module.exports = { onInterrupt };

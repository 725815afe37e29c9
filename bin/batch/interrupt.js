// @ts-check
'use strict';

const { removeUnfinished } = require('./write');

/** As shells have it: 128 and the signal's number. */
const EXIT_CODES = /** @type {const} */ ({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 });

/**
 * The first signal asks the work to stop, the second ends the process at once; either way nothing half-written stays.
 *
 * @param {AbortController} controller
 * @param {() => void} restore puts the terminal back in order before a sudden end
 */
function onInterrupt(controller, restore) {
  /** @type {number | undefined} */
  let exitCode;
  const listeners = Object.entries(EXIT_CODES).map(([signal, code]) => {
    const listener = () => {
      if (exitCode !== undefined) {
        restore();
        removeUnfinished();
        process.exit(code);
      }
      exitCode = code;
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
      for (const { signal, listener } of listeners) process.off(signal, listener);
    },
  };
}

module.exports = { onInterrupt };

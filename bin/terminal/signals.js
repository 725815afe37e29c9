// @ts-check
'use strict';

/**
 * What asks the program to end, and the exit code where it does so at once, as shells have it: 128 and the signal's
 * number. SIGHUP comes when the terminal is closed.
 */
const EXIT_CODES = Object.freeze(
  /** @type {Record<string, number>} */ ({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }),
);

module.exports = { EXIT_CODES };

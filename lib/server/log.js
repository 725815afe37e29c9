// @ts-check
'use strict';

/**
 * @typedef {'info' | 'warn' | 'error'} Level
 * @typedef {(level: Level, event: string, fields?: object) => void} Log
 */

/**
 * Lines of JSON for whatever collects a service's output.
 *
 * @param {{ write(line: string): unknown }} output
 * @param {boolean} quiet warnings and errors only
 * @returns {Log}
 */
function createLog(output, quiet) {
  return (level, event, fields = {}) => {
    if (quiet && level === 'info') return;
    output.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
  };
}

module.exports = { createLog };

// @ts-check
'use strict';

/** Codes that were said once and are not said again in this process. */
const said = new Set();

/**
 * @param {string} code `UPSCALER_…`, for `process.on('warning')`
 * @param {string} message
 */
function warn(code, message) {
  process.emitWarning(message, { type: 'UpscalerWarning', code });
}

/**
 * @param {string} code
 * @param {string} message
 */
function warnOnce(code, message) {
  if (said.has(code)) return;
  said.add(code);
  warn(code, message);
}

module.exports = { warn, warnOnce };

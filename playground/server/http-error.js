// @ts-check
'use strict';

/** A request that cannot be answered: what the page is told, and with which status. */
class HttpError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {string} [code] of the library's error behind it
   */
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * The library's errors are the user's to read: their picture or model cannot be used.
 *
 * @param {any} error
 * @returns {HttpError}
 */
function toHttpError(error) {
  if (error instanceof HttpError) return error;
  const known = typeof error?.code === 'string' && /^(ERR_|ABORT_ERR)/.test(error.code);
  return known
    ? new HttpError(422, error.message, error.code)
    : new HttpError(500, `The playground failed: ${error?.message ?? error}`);
}

module.exports = { HttpError, toHttpError };

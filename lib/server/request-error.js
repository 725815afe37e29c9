// @ts-check
'use strict';

/** A request that cannot be answered as it stands: the client's to mend, and said to the client in full. */
class RequestError extends Error {
  /**
   * @param {number} status 4xx, or 503
   * @param {string} message
   * @param {Record<string, string>} [headers] that go with the answer, such as `Allow`
   */
  constructor(status, message, headers = {}) {
    super(message);
    this.name = 'RequestError';
    this.code = /** @type {const} */ ('ERR_UPSCALER_REQUEST');
    this.statusCode = status;
    this.status = status;
    this.expose = true;
    this.headers = headers;
  }
}

module.exports = { RequestError };

// @ts-check
'use strict';

const { STATUS_CODES } = require('node:http');
const { RequestError } = require('./request-error');
const { UpscalerError } = require('../errors');

/**
 * @typedef {import('./types/server').Problem} Problem
 * @typedef {import('./exchange').Reply} Reply
 */

/** What may be said of errors whose own message stays inside. */
const DETAILS = /** @type {Record<string, string>} */ ({
  ERR_UPSCALER_QUEUE_FULL: 'Too many pictures are waiting',
  ERR_UPSCALER_TIMEOUT: 'The picture took longer than this server allows',
  ERR_UPSCALER_DISPOSED: 'The server is shutting down',
});

/** As proxies log a client that has gone; there is no standard phrase. */
const CLIENT_CLOSED_REQUEST = 'Client Closed Request';

/**
 * An error as the body that answers it (RFC 9457). Messages of what is the client's to mend are shown, others not.
 *
 * @param {unknown} error
 * @returns {Problem}
 */
function toProblem(error) {
  const known = error instanceof UpscalerError || error instanceof RequestError;
  const {
    statusCode: status,
    code,
    message,
    expose,
  } = /** @type {any} */ (known ? error : { statusCode: 500, code: 'ERR_UPSCALER_INTERNAL' });
  const title = STATUS_CODES[status] ?? CLIENT_CLOSED_REQUEST;
  const detail = expose ? message : DETAILS[code];
  return { type: 'about:blank', title, status, code, ...(detail === undefined ? {} : { detail }) };
}

/**
 * @param {unknown} error
 * @param {number} expectedWait milliseconds, for `Retry-After`
 * @returns {Reply}
 */
function problemReply(error, expectedWait) {
  const problem = toProblem(error);
  const own = error instanceof RequestError ? error.headers : {};
  /** @type {Record<string, string>} */
  const retry = [429, 503].includes(problem.status) ? { 'retry-after': retryAfter(expectedWait) } : {};
  return {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...retry,
      ...own,
    },
    body: Buffer.from(JSON.stringify(problem)),
    code: problem.code,
  };
}

/** @param {number} expectedWait milliseconds */
function retryAfter(expectedWait) {
  return String(Math.min(Math.max(Math.ceil(expectedWait / 1000), 1), 600));
}

module.exports = { toProblem, problemReply, retryAfter };

// @ts-check
'use strict';

const { timingSafeEqual } = require('node:crypto');
const { HttpError } = require('./http-error');

/**
 * Who may ask for what. A page of another site can make a browser send requests to this machine, and with DNS rebinding
 * under a name of its own; so every request must name this host, every change must come from our own page, and
 * everything but the page's files wants the token that the terminal printed.
 */

const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** The header that carries the token: pages of other origins cannot set it without being asked about. */
const TOKEN_HEADER = 'x-playground-token';

/**
 * @param {{ token: string, port: number }} run
 * @returns {(request: import('node:http').IncomingMessage, needsToken: boolean) => void} throws an HttpError
 */
function createGuard({ token, port }) {
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  return ({ method, headers }, needsToken) => {
    const host = headers.host ?? '';
    if (!hosts.has(host)) {
      throw new HttpError(403, `Expected the host 127.0.0.1:${port} but the request names another`);
    }
    const { origin } = headers;
    if (origin !== undefined && origin !== `http://${host}`) {
      throw new HttpError(403, 'Expected a request of this page but it comes from another origin');
    }
    const site = headers['sec-fetch-site'];
    if (needsToken && site !== undefined && site !== 'same-origin') {
      throw new HttpError(403, 'Expected a request of this page but it comes from another site');
    }
    if (needsToken && method !== 'GET' && origin === undefined) {
      throw new HttpError(403, 'Expected an Origin header');
    }
    if (needsToken && !isSame(headers[TOKEN_HEADER], token)) {
      throw new HttpError(401, 'Expected the token of this run: open the address that the terminal printed');
    }
  };
}

/**
 * @param {unknown} given
 * @param {string} token
 */
function isSame(given, token) {
  if (typeof given !== 'string') return false;
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

module.exports = { createGuard, HEADERS };

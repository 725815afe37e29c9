// @ts-check
'use strict';

const { Readable } = require('node:stream');
const { createRoutes } = require('./routes');

/**
 * @typedef {import('./exchange').Exchange} Exchange
 * @typedef {import('./exchange').Reply} Reply
 * @typedef {import('./exchange').Route} Route
 */

/**
 * Handlers from Request to Response, for Next.js, Hono and others: see types/web.d.ts.
 *
 * @param {import('./types/server').ServerOptions} [options]
 */
function createUpscale(options) {
  const { routes, methods } = createRoutes(options);
  return {
    upscale: handler(routes.upscale),
    jobs: handler(routes.jobs),
    health: handler(routes.health),
    ready: handler(routes.ready),
    metrics: handler(routes.metrics),
    ...methods,
  };
}

/**
 * @param {Route} route
 * @returns {import('./types/web').Handler}
 */
function handler(route) {
  return async (request) => toResponse(await route(toExchange(request)), request.method);
}

/**
 * @param {Request} request
 * @returns {Exchange}
 */
function toExchange(request) {
  const { pathname, searchParams } = new URL(request.url);
  const stream = /** @type {import('node:stream/web').ReadableStream | null} */ (request.body);
  return {
    method: request.method,
    path: pathname,
    query: searchParams,
    header: (name) => request.headers.get(name) ?? undefined,
    body: stream === null ? { kind: 'none' } : { kind: 'stream', stream: Readable.fromWeb(stream) },
    signal: request.signal,
  };
}

/**
 * @param {Reply} reply
 * @param {string} method
 */
function toResponse({ status, headers, body }, method) {
  if (method === 'HEAD' || body === undefined) return new Response(null, { status, headers });
  if (Buffer.isBuffer(body)) {
    // A copy would be made of any other view; these bytes are nobody else's.
    const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (body);
    return new Response(bytes, { status, headers: { ...headers, 'content-length': String(body.length) } });
  }
  const stream = /** @type {ReadableStream<Uint8Array>} */ (Readable.toWeb(body));
  return new Response(stream, { status, headers });
}

module.exports = { createUpscale };

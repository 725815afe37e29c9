// @ts-check
'use strict';

const { Readable } = require('node:stream');
const { Delivery, endWith } = require('./delivery');
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
  return async (request) => {
    const delivery = new Delivery();
    return toResponse(await route(toExchange(request, delivery)), request.method, delivery);
  };
}

/**
 * @param {Request} request
 * @param {Delivery} delivery
 * @returns {Exchange}
 */
function toExchange(request, delivery) {
  const gone = () => delivery.lose();
  request.signal.addEventListener('abort', gone, { once: true });
  if (request.signal.aborted) gone();
  const { pathname, searchParams } = new URL(request.url);
  const stream = /** @type {import('node:stream/web').ReadableStream | null} */ (request.body);
  return {
    method: request.method,
    path: pathname,
    query: searchParams,
    header: (name) => request.headers.get(name) ?? undefined,
    body: stream === null ? { kind: 'none' } : { kind: 'stream', stream: Readable.fromWeb(stream) },
    signal: delivery.signal,
    sent: delivery.sent,
    cut: (reason) => delivery.lose(reason),
  };
}

/** Bytes of a result that are handed on at a time; a whole answer of no more is left to the framework. */
const PIECE = 64 * 1024;

/**
 * @param {Reply} reply
 * @param {string} method
 * @param {Delivery} delivery
 */
function toResponse({ status, headers, body }, method, delivery) {
  if (method === 'HEAD' || body === undefined) {
    endWith(body, delivery.sent);
    delivery.finish();
    return new Response(null, { status, headers });
  }
  if (!Buffer.isBuffer(body)) return new Response(pulled(body, delivery), { status, headers });
  const described = { status, headers: { ...headers, 'content-length': String(body.length) } };
  if (body.length > PIECE) {
    return new Response(pulled(Readable.from(piecesOf(body), { objectMode: false }), delivery), described);
  }
  delivery.finish();
  // A copy would be made of any other view; these bytes are nobody else's.
  return new Response(/** @type {Uint8Array<ArrayBuffer>} */ (body), described);
}

/** @param {Buffer} bytes */
function* piecesOf(bytes) {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

/**
 * A stream as one of the web that takes a piece when its reader asks for one: the last piece has been read when it
 * ends, and nothing but the stream's own buffer waits for a slow reader.
 *
 * @param {Readable} source
 * @param {Delivery} delivery which ends with it
 * @returns {ReadableStream<Uint8Array>}
 */
function pulled(source, delivery) {
  endWith(source, delivery.sent);
  // The reader hears of an error when it asks for the next piece.
  source.on('error', () => {});
  const pieces = source[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      start(controller) {
        // What the stream holds of a result is freed with its error, whether it is read on or not.
        delivery.sent.then((whole) => whole || controller.error(delivery.signal.reason));
      },
      async pull(controller) {
        const { done, value } = await pieces.next().catch((error) => {
          delivery.lose();
          throw error;
        });
        // A copy: readers may take a piece's memory for themselves.
        if (!done) return controller.enqueue(new Uint8Array(value));
        controller.close();
        delivery.finish();
      },
      cancel: () => delivery.lose(),
    },
    { highWaterMark: 0 },
  );
}

module.exports = { createUpscale };

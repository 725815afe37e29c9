// @ts-check
'use strict';

const { pipeline } = require('node:stream/promises');

/**
 * @typedef {import('node:http').IncomingMessage & { body?: unknown, originalUrl?: string }} IncomingMessage
 * @typedef {import('node:http').ServerResponse} ServerResponse
 * @typedef {import('./exchange').Exchange} Exchange
 * @typedef {import('./exchange').ExchangeBody} ExchangeBody
 * @typedef {import('./exchange').Reply} Reply
 * @typedef {import('./exchange').Route} Route
 */

/**
 * A route as a handler of node:http, which is also Connect's and Express's.
 *
 * @param {Route} route
 * @returns {(request: IncomingMessage, response: ServerResponse) => Promise<void>}
 */
function nodeHandler(route) {
  return async (request, response) => {
    const reply = await route(toExchange(request, response));
    await send(reply, request, response);
  };
}

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @returns {Exchange}
 */
function toExchange(request, response) {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('The client closed the connection'));
  });
  if (response.destroyed) controller.abort(new Error('The client closed the connection'));
  const target = request.originalUrl ?? request.url ?? '/';
  const at = target.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: at < 0 ? target : target.slice(0, at),
    query: new URLSearchParams(at < 0 ? '' : target.slice(at)),
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: bodyOf(request),
    signal: controller.signal,
  };
}

/**
 * The body as a parser before us left it, express.raw() and express.json() among them.
 *
 * @param {IncomingMessage} request
 * @returns {ExchangeBody}
 */
function bodyOf(request) {
  const { body } = request;
  if (Buffer.isBuffer(body)) return { kind: 'bytes', bytes: body };
  // Express 4's parsers leave an empty object on what they did not read.
  if (isObject(body) && (Object.keys(body).length > 0 || request.readableEnded)) {
    return { kind: 'fields', fields: body };
  }
  return request.readableEnded ? { kind: 'none' } : { kind: 'stream', stream: request };
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/**
 * @param {Reply} reply
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
async function send({ status, headers, body }, request, response) {
  if (response.destroyed || response.headersSent) return;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (request.method === 'HEAD' || body === undefined) {
    response.end();
  } else if (Buffer.isBuffer(body)) {
    response.setHeader('content-length', body.length);
    response.end(body);
  } else {
    // The client that leaves, and the picture that fails midway, end both sides: a file cut short is told by that.
    await pipeline(body, response).catch(() => {});
  }
  discardRest(request);
}

/** Of a body that nobody wants any more: enough for a client that sends first and reads then. */
const REST_BYTES = 4 * 1024 * 1024;
const REST_MS = 2000;

/**
 * Reads a refused body on for a moment: a connection that is closed on unread bytes is reset, and the client would
 * lose the answer.
 *
 * @param {IncomingMessage} request
 */
function discardRest(request) {
  if (request.readableEnded || request.destroyed) return;
  let left = REST_BYTES;
  const end = () => request.destroy();
  const timer = setTimeout(end, REST_MS).unref();
  request.on('error', () => {});
  request.on('data', (/** @type {Buffer} */ chunk) => {
    left -= chunk.length;
    if (left < 0) end();
  });
  request.once('close', () => clearTimeout(timer));
  request.once('end', () => clearTimeout(timer));
  request.resume();
}

module.exports = { nodeHandler, toExchange, send, discardRest };

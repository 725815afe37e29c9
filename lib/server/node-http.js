// @ts-check
'use strict';

const { pipeline } = require('node:stream');
const { whenClosed } = require('./connection');
const { Delivery, endWith } = require('./delivery');

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
 * @returns {(request: IncomingMessage, response: ServerResponse) => Promise<boolean>} resolves with the end of the
 *   answer: `true` where all of it was sent
 */
function nodeHandler(route) {
  return async (request, response) => {
    const exchange = toExchange(request, response);
    send(await route(exchange), exchange, request, response);
    return exchange.sent;
  };
}

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @returns {Exchange}
 */
function toExchange(request, response) {
  const { signal, sent } = follow(request, response);
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
    signal,
    sent,
    // An answer that waits for those before it on its connection has no socket yet.
    cut: () => void (response.socket ? response : request.socket).destroy(),
  };
}

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
function follow(request, response) {
  const delivery = new Delivery();
  const { socket } = request;
  const lose = () => delivery.lose();
  if (response.destroyed || response.writableFinished || socket.destroyed) {
    lose();
    return delivery;
  }
  // An answer that waits for those before it on its connection does not hear that the connection was closed.
  const forget = whenClosed(socket, lose);
  // Before Node's own listener, which may close the connection.
  response.prependOnceListener('finish', () => (wasSent(request, response) ? delivery.finish() : lose()));
  response.once('close', lose);
  delivery.sent.then(forget);
  return delivery;
}

/**
 * Whether a response that has finished was sent: Node has it finish as well when its connection fails or is destroyed.
 *
 * @param {IncomingMessage} request
 * @param {ServerResponse & { stream?: import('node:http2').ServerHttp2Stream }} response
 */
function wasSent({ socket }, { stream }) {
  // HTTP/2 closes its stream with every answer.
  if (stream) return !stream.aborted && !stream.rstCode;
  return !socket.destroyed && !socket.errored;
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
 * @param {Exchange} exchange
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
function send({ status, headers, body }, { signal, sent }, request, response) {
  endWith(body, sent);
  if (signal.aborted || response.destroyed || response.headersSent) return;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (request.method === 'HEAD' || body === undefined) {
    response.end();
  } else if (Buffer.isBuffer(body)) {
    response.setHeader('content-length', body.length);
    response.end(body);
  } else {
    // The client that leaves, and the picture that fails midway, end both sides: a file cut short is told by that.
    pipeline(body, response, () => {});
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

module.exports = { nodeHandler, toExchange, discardRest };

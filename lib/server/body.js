// @ts-check
'use strict';

const { AbortError } = require('../errors');
const { readJson } = require('./json-body');
const { readMultipart } = require('./multipart');
const { RequestError } = require('./request-error');

/**
 * @typedef {import('node:stream').Readable} Readable
 * @typedef {import('./exchange').Exchange} Exchange
 * @typedef {import('./settings').Settings} Settings
 * @typedef {{ take(bytes: number): void }} Share
 * @typedef {object} Body
 * @property {Buffer} image
 * @property {Map<string, string[]>} fields
 * @property {string} [filename]
 * @typedef {object} Reading what the readers of bodies need
 * @property {number} limit bytes of the picture
 * @property {Share} share of the bytes that all requests may hold
 * @property {AbortSignal} signal
 */

/**
 * The picture of a request and the fields beside it: a raw picture, a form or JSON. It is refused by what it says of
 * itself where that is enough, and never held beyond the limit.
 *
 * @param {Exchange} exchange
 * @param {Settings} settings
 * @param {Share} share
 * @returns {Promise<Body>}
 * @throws {RequestError} 400, 408, 413, 415, 503
 */
async function readBody(exchange, settings, share) {
  const { limits } = settings;
  const { body, header, signal } = exchange;
  const [type] = (header('content-type') ?? '').toLowerCase().split(';', 1);
  refuseEncoded(header('content-encoding'));
  const kind = kindOf(type.trim(), settings);
  const limit = kind === 'json' ? limits.jsonBytes : limits.bytes;
  // A form is a little larger than its picture, which is checked by itself.
  const declared = Number(header('content-length'));
  if (declared > (kind === 'multipart' ? limit + FORM_OVERHEAD : limit)) throw tooLarge(limit);
  if (body.kind === 'fields') return readJson(body.fields, settings, { limit: limits.bytes, share, signal });
  if (body.kind === 'bytes') return whole(body.bytes, kind, limit, settings, { share, signal });
  if (body.kind === 'none') return whole(Buffer.alloc(0), kind, limit, settings, { share, signal });
  return inTime(exchange, limits.bodyTimeout, async (inner) => {
    const reading = { limit, share, signal: inner };
    if (kind === 'multipart') {
      return readMultipart(settings.busboy, body.stream, header('content-type') ?? '', reading);
    }
    return whole(await collect(body.stream, reading), kind, limit, settings, reading);
  });
}

/** Bytes of a form beside its picture: boundaries, headers and the few fields that are allowed. */
const FORM_OVERHEAD = 64 * 1024;

/**
 * @param {string} type
 * @param {Settings} settings
 * @returns {'raw' | 'json' | 'multipart'}
 */
function kindOf(type, { busboy, json }) {
  if (type === '' || type.startsWith('image/') || type === 'application/octet-stream') return 'raw';
  if (type === 'multipart/form-data' && busboy) return 'multipart';
  if (type === 'application/json' && json) return 'json';
  const types = acceptedTypes({ busboy, json });
  throw new RequestError(415, `Expected a Content-Type of ${types} but received ${JSON.stringify(type)}`, {
    accept: types,
  });
}

/** @param {{ busboy: unknown, json: boolean }} settings */
function acceptedTypes({ busboy, json }) {
  const form = busboy ? ['multipart/form-data'] : [];
  return ['image/*', ...form, ...(json ? ['application/json'] : [])].join(', ');
}

/** @param {string | undefined} encoding */
function refuseEncoded(encoding) {
  if (encoding === undefined || encoding === 'identity') return;
  throw new RequestError(
    415,
    `Expected a body without Content-Encoding but received ${JSON.stringify(encoding)}`,
    {
      'accept-encoding': 'identity',
    },
  );
}

/**
 * A body that is there as a whole.
 *
 * @param {Buffer} bytes
 * @param {'raw' | 'json' | 'multipart'} kind
 * @param {number} limit
 * @param {Settings} settings
 * @param {{ share: Share, signal: AbortSignal }} reading
 * @returns {Promise<Body>}
 */
async function whole(bytes, kind, limit, settings, { share, signal }) {
  if (bytes.length > limit) throw tooLarge(limit);
  if (bytes.length === 0) throw new RequestError(400, 'Expected a picture but received an empty body');
  if (kind === 'multipart') throw new RequestError(400, 'Expected a form that no other parser has read');
  if (kind === 'raw') return { image: bytes, fields: new Map() };
  return readJson(parseJson(bytes), settings, { limit: settings.limits.bytes, share, signal });
}

/** @param {Buffer} bytes */
function parseJson(bytes) {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new RequestError(400, 'Expected a body of JSON but could not parse it');
  }
}

/**
 * A stream's bytes, up to a limit. The stream is left as it is beyond that: whoever answers still needs its socket.
 *
 * @param {Readable} stream
 * @param {Reading} reading
 * @returns {Promise<Buffer>}
 */
function collect(stream, { limit, share, signal }) {
  return new Promise((resolve, reject) => {
    /** @type {Buffer[]} */
    const chunks = [];
    let total = 0;
    const onData = (/** @type {Buffer} */ chunk) => {
      total += chunk.length;
      if (total > limit) return settle(() => reject(tooLarge(limit)));
      try {
        share.take(chunk.length);
      } catch (error) {
        return settle(() => reject(error));
      }
      chunks.push(chunk);
    };
    const onEnd = () => settle(() => resolve(Buffer.concat(chunks, total)));
    const onError = () => settle(() => reject(cutShort()));
    const onClose = () => settle(() => reject(cutShort()));
    const onAbort = () => settle(() => reject(signal.reason));
    const settle = (/** @type {() => void} */ how) => {
      stream.off('data', onData).off('end', onEnd).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      stream.pause();
      how();
    };
    if (signal.aborted) return reject(signal.reason);
    // An error that comes after the answer is nobody's any more; without a listener it would end the process.
    stream.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Reads a body within its time.
 *
 * @template T
 * @param {Exchange} exchange
 * @param {number} timeout milliseconds
 * @param {(signal: AbortSignal) => Promise<T>} read
 * @returns {Promise<T>}
 */
async function inTime({ signal }, timeout, read) {
  const controller = new AbortController();
  const tooSlow = () => {
    controller.abort(
      new RequestError(408, `Expected the whole body within ${timeout} ms`, { connection: 'close' }),
    );
  };
  const gone = () => controller.abort(new AbortError(undefined, { cause: signal.reason }));
  const timer = setTimeout(tooSlow, timeout);
  signal.addEventListener('abort', gone, { once: true });
  try {
    if (signal.aborted) gone();
    return await read(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', gone);
  }
}

/** @param {number} limit */
function tooLarge(limit) {
  return new RequestError(413, `Expected at most ${limit} bytes`);
}

function cutShort() {
  return new RequestError(400, 'Expected a whole body but it was cut short');
}

module.exports = { readBody, acceptedTypes };

// @ts-check
'use strict';

const { AbortError } = require('../errors');
const { nameOf } = require('./disposition');
const { RequestError } = require('./request-error');

/**
 * @typedef {import('./body').Body} Body
 * @typedef {import('./body').Reading} Reading
 * @typedef {import('./settings').Settings} Settings
 */

const EXPECTED = 'Expected JSON like { "image": "<base64>", "scale": 2 }';

/**
 * A picture in JSON: `image` in base64 or as a `data:` URL, or, where that is allowed, `url`.
 *
 * @param {unknown} json
 * @param {Settings} settings
 * @param {Reading} reading
 * @returns {Promise<Body>}
 */
async function readJson(json, settings, reading) {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new RequestError(400, EXPECTED);
  const { image, url, filename, ...rest } = /** @type {Record<string, unknown>} */ (json);
  if (filename !== undefined && typeof filename !== 'string') {
    throw new RequestError(400, 'Expected a string for filename');
  }
  const bytes = url === undefined ? decode(image) : await download(url, settings.urls, reading);
  if (bytes.length > reading.limit) {
    throw new RequestError(413, `Expected a picture of at most ${reading.limit} bytes`);
  }
  if (url === undefined) reading.share.take(bytes.length);
  return { image: bytes, fields: toFields(rest), filename: filename && nameOf(filename) };
}

/** @param {unknown} image */
function decode(image) {
  if (typeof image !== 'string') throw new RequestError(400, EXPECTED);
  const text = image.slice(0, 100).match(/^data:[^,]*;base64,/i);
  const base64 = text ? image.slice(text[0].length) : image;
  const bytes = Buffer.from(base64, 'base64');
  // Buffer.from skips whatever is not base64, which would make another picture of it.
  if (bytes.length === 0 || Buffer.byteLength(base64, 'base64') !== bytes.length) {
    throw new RequestError(400, 'Expected base64 for image');
  }
  return bytes;
}

/**
 * @param {Record<string, unknown>} values
 * @returns {Map<string, string[]>}
 */
function toFields(values) {
  const fields = new Map();
  for (const [name, value] of Object.entries(values)) {
    if (value === null) continue;
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new RequestError(400, `Expected a string or a number for ${name.slice(0, 40)}`);
    }
    fields.set(name, [String(value)]);
  }
  return fields;
}

/**
 * Fetches from hosts that the developer has named, and from nowhere that those lead to.
 *
 * @param {unknown} url
 * @param {Settings['urls']} urls
 * @param {Reading} reading
 * @returns {Promise<Buffer>}
 */
async function download(url, urls, { limit, share, signal }) {
  if (urls === undefined) throw new RequestError(400, 'Expected no url: this server takes pictures only');
  const target = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !urls.origins.has(target.origin) || target.username || target.password) {
    throw new RequestError(400, `Expected a url on ${[...urls.origins].join(', ')}`);
  }
  try {
    const response = await urls.fetch(target.href, { signal, redirect: 'error' });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new RequestError(422, `Expected a picture at the url but received status ${response.status}`);
    }
    return await readWeb(response.body, limit, share);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    if (signal.aborted) throw new AbortError(undefined, { cause: signal.reason });
    throw new RequestError(422, 'Expected a picture at the url but could not fetch it');
  }
}

/**
 * @param {ReadableStream<Uint8Array>} stream
 * @param {number} limit
 * @param {Reading['share']} share
 */
async function readWeb(stream, limit, share) {
  const chunks = [];
  let total = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of /** @type {AsyncIterable<Uint8Array>} */ (/** @type {unknown} */ (stream))) {
    total += chunk.length;
    if (total > limit) throw new RequestError(413, `Expected a picture of at most ${limit} bytes`);
    share.take(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}

module.exports = { readJson };

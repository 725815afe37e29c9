// @ts-check
'use strict';

const path = require('node:path');
const { Readable, addAbortSignal } = require('node:stream');
const { fileURLToPath } = require('node:url');
const { UpscalerError, invalidType, invalidValue } = require('./errors');
const { integer, isObject, oneOf } = require('./check');
const tensor = require('./tensor');

/**
 * @typedef {import('./native').NativeImage} NativeImage
 * @typedef {{ allowPaths: boolean, fetch: typeof fetch | undefined, limitInputBytes: number }} InputOptions
 */

/**
 * Whatever a user may hand over as a picture, as the addon takes it. Bytes in memory are copied before the first
 * `await`, so that the caller may reuse them at once; pixels (raw and tensor) are large and are not copied.
 *
 * @param {unknown} image
 * @param {InputOptions} options
 * @param {AbortSignal} signal stops the reading of streams and URLs
 * @returns {Promise<NativeImage>}
 */
async function readImage(image, options, signal) {
  if (typeof image === 'string') return readString(image, options, signal);
  const ready = readAtOnce(image);
  if (ready !== undefined) return ready.kind === 'encoded' ? encoded(new Uint8Array(ready.data)) : ready;
  if (image instanceof URL) return readUrl(image, options, signal);
  if (image instanceof Blob) return encoded(await readBlob(image));
  if (tensor.isTensorFlowTensor(image))
    return { kind: 'tensor', ...(await tensor.fromTensorFlow(image, 'image')) };
  if (isStream(image)) return encoded(await readStream(image, options.limitInputBytes, signal));
  throw invalidType(
    'image',
    'a Buffer, Uint8Array, ArrayBuffer, Blob, path, URL, stream, raw pixels or tensor',
    image,
  );
}

/**
 * An image that is in memory: the caller's own, not copied.
 *
 * @param {unknown} image
 * @returns {NativeImage | undefined} `undefined` for images that have to be waited for
 */
function readAtOnce(image) {
  if (image instanceof Uint8Array) return encoded(image);
  if (isArrayBuffer(image)) return encoded(new Uint8Array(image));
  if (tensor.isPlainTensor(image)) return { kind: 'tensor', ...tensor.fromPlainTensor(image, 'image') };
  return isObject(image) && 'width' in image && !isStream(image) ? readRaw(image) : undefined;
}

/**
 * @param {Uint8Array} data
 * @returns {{ kind: 'encoded', data: Uint8Array }}
 */
function encoded(data) {
  if (data.byteLength === 0)
    throw new UpscalerError('ERR_UPSCALER_READ', 'Expected an image but received 0 bytes');
  return { kind: 'encoded', data };
}

/**
 * @param {string} text
 * @param {InputOptions} options
 * @param {AbortSignal} signal
 */
async function readString(text, options, signal) {
  const scheme = /^(data|file|https?):/i.exec(text)?.[1].toLowerCase();
  if (scheme === 'data') return encoded(readDataUrl(text));
  if (scheme === 'http' || scheme === 'https') return encoded(await download(text, options, signal));
  if (!options.allowPaths)
    throw invalidValue('image', 'an image in memory or a data: URL (allowPaths is false)', text);
  if (text === '') throw invalidValue('image', 'the path of an image', text);
  return filePath(scheme === 'file' ? toPath(text) : path.resolve(text));
}

/**
 * @param {URL} url
 * @param {InputOptions} options
 * @param {AbortSignal} signal
 */
async function readUrl(url, options, signal) {
  switch (url.protocol) {
    case 'file:':
      return filePath(toPath(url.href));
    case 'data:':
      return encoded(readDataUrl(url.href));
    case 'http:':
    case 'https:':
      return encoded(await download(url.href, options, signal));
    default:
      throw invalidValue('image', 'a file:, data:, http: or https: URL', url.href);
  }
}

/**
 * @param {string} file
 * @returns {NativeImage}
 */
function filePath(file) {
  return { kind: 'path', path: file };
}

/** @param {string} url */
function toPath(url) {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new UpscalerError(
      'ERR_UPSCALER_READ',
      `Expected the file: URL of a local file but received ${url}`,
      { cause },
    );
  }
}

/** @param {string} text */
function percentDecoded(text) {
  if (!text.includes('%')) return Buffer.from(text, 'utf8');
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const decoded = bytes.replace(/%([0-9a-f]{2})/gi, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, 'latin1');
}

/** @param {string} url */
function readDataUrl(url) {
  const comma = url.indexOf(',');
  if (comma < 0) throw invalidValue('image', 'a data: URL with a comma before its data', url);
  // As fetch does it: without the fragment, percent-encoding first, then base64.
  const data = percentDecoded(url.slice(comma + 1).split('#', 1)[0]);
  return /;\s*base64\s*$/i.test(url.slice(0, comma)) ? Buffer.from(data.toString('latin1'), 'base64') : data;
}

/**
 * Reads a picture from the network, for instances that were made with the `fetch` option. Nothing here keeps a URL
 * from naming a host inside your own network: where URLs come from outside, pass a `fetch` that refuses those.
 *
 * @param {string} url
 * @param {InputOptions} options
 * @param {AbortSignal} signal
 */
async function download(url, options, signal) {
  if (options.fetch === undefined) {
    throw invalidValue('image', 'no http(s) URL (the fetch option allows them)', url);
  }
  let response;
  try {
    response = await options.fetch(url, { signal });
  } catch (cause) {
    throw new UpscalerError('ERR_UPSCALER_READ', `Could not fetch ${url}`, { cause });
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new UpscalerError(
      'ERR_UPSCALER_READ',
      `Expected an image from ${url} but received HTTP status ${response.status}`,
    );
  }
  return response.body === null
    ? new Uint8Array()
    : readStream(response.body, options.limitInputBytes, signal);
}

/** @param {Blob} blob a File too */
async function readBlob(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    throw new UpscalerError('ERR_UPSCALER_READ', 'Could not read the Blob', { cause });
  }
}

/**
 * @param {Readable | ReadableStream} stream read to its end, or destroyed
 * @param {number} limit in bytes
 * @param {AbortSignal} signal
 */
async function readStream(stream, limit, signal) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  let total = 0;
  try {
    for await (const chunk of addAbortSignal(signal, toNodeStream(stream))) {
      if (!(chunk instanceof Uint8Array)) throw invalidType('a chunk of the image stream', 'bytes', chunk);
      total += chunk.byteLength;
      if (total > limit) {
        throw new UpscalerError(
          'ERR_UPSCALER_LIMIT',
          `Expected at most ${limit} bytes (limitInputBytes) from a stream`,
        );
      }
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof UpscalerError) throw cause;
    throw new UpscalerError('ERR_UPSCALER_READ', 'Could not read the image stream', { cause });
  }
  return Buffer.concat(chunks, total);
}

/** @param {Readable | ReadableStream} stream */
function toNodeStream(stream) {
  return stream instanceof ReadableStream
    ? Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (stream))
    : stream;
}

/**
 * sharp's raw pixels: 8 bits a sample, or 16 in a Uint16Array (or in bytes with `depth: 16`, in the machine's order).
 *
 * @param {Record<string, unknown>} image
 * @returns {NativeImage}
 */
function readRaw(image) {
  const width = required('image.width', image.width, 1);
  const height = required('image.height', image.height, 1);
  const channels = required('image.channels', image.channels, 1, 4);
  const { data } = image;
  const wide = data instanceof Uint16Array;
  if (!wide && !(data instanceof Uint8Array) && !(data instanceof Uint8ClampedArray)) {
    throw invalidType('image.data', 'a Buffer, Uint8Array, Uint8ClampedArray or Uint16Array', data);
  }
  const depth = wide ? 16 : (oneOf('image.depth', image.depth, /** @type {const} */ ([8, 16])) ?? 8);
  const expected = width * height * channels * (depth / 8);
  if (data.byteLength !== expected) {
    throw invalidValue(
      'image.data',
      `${expected} bytes for ${width} x ${height} x ${channels} samples of ${depth} bits`,
      data.byteLength,
    );
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { kind: 'raw', data: bytes, width, height, channels, depth };
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} min
 * @param {number} [max]
 */
function required(name, value, min, max) {
  const checked = integer(name, value, min, max);
  if (checked === undefined) throw invalidType(name, 'an integer', value);
  return checked;
}

/**
 * @param {unknown} value
 * @returns {value is ArrayBuffer | SharedArrayBuffer}
 */
function isArrayBuffer(value) {
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}

/**
 * @param {unknown} value
 * @returns {value is Readable | ReadableStream}
 */
function isStream(value) {
  if (value instanceof ReadableStream) return true;
  return isObject(value) && typeof value.pipe === 'function' && Symbol.asyncIterator in value;
}

module.exports = { readAtOnce, readImage };

// @ts-check
'use strict';

const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { types } = require('node:util');
const { onDisk } = require('./asar');
const { UpscalerError, describeUrl, invalidType, invalidValue, isOurs } = require('./errors');
const { isObject, oneOf, requiredInteger } = require('./check');
const { isStream, readStream } = require('./stream-input');
const tensor = require('./tensor');
const { isUrl } = require('./urls');

/**
 * @typedef {import('./native').NativeImage} NativeImage
 * @typedef {{ allowPaths: boolean, fetch: typeof fetch | undefined, limitInputBytes: number }} InputOptions
 */

/** The longest path of any system that this runs on (Windows): a longer string is something else. */
const LONGEST_PATH = 32767;

/**
 * Whatever a user may hand over as a picture, as the addon takes it. Bytes and pixels in memory are copied before the
 * first `await`, so that the caller may reuse or give away their memory at once.
 *
 * Kinds are told by what they are or have, never by `instanceof`: in a vm context (Jest, a pool of Vitest) the same
 * classes are others.
 *
 * @param {unknown} image
 * @param {InputOptions} options
 * @param {AbortSignal} signal stops the reading of streams and URLs
 * @returns {Promise<NativeImage>}
 */
async function readImage(image, options, signal) {
  try {
    return await readAny(image, options, signal);
  } catch (cause) {
    throw unread(cause);
  }
}

/**
 * @param {unknown} image
 * @param {InputOptions} options
 * @param {AbortSignal} signal
 * @returns {Promise<NativeImage>}
 */
async function readAny(image, options, signal) {
  if (typeof image === 'string') return readString(image, options, signal);
  const ready = readMemory(image);
  if (ready !== undefined) return copied(ready);
  if (isUrl(image)) return readUrl(image.href, options, signal);
  if (isBlob(image)) return encoded(await readBlob(image, options.limitInputBytes));
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
function tryReadSync(image) {
  try {
    return readMemory(image);
  } catch (cause) {
    throw unread(cause);
  }
}

/**
 * @param {unknown} cause what reading threw, getters and methods of the caller's objects among it
 * @returns {unknown} with a code
 */
function unread(cause) {
  return isOurs(cause)
    ? cause
    : new UpscalerError('ERR_UPSCALER_READ', 'Could not read the image', { cause });
}

/**
 * @param {unknown} image
 * @returns {NativeImage | undefined}
 */
function readMemory(image) {
  if (types.isUint8Array(image)) return encoded(whole(image));
  if (types.isAnyArrayBuffer(image)) return encoded(whole(viewOf(image)));
  if (tensor.isPlainTensor(image)) return { kind: 'tensor', ...tensor.fromPlainTensor(image, 'image') };
  return isObject(image) && 'width' in image && !isStream(image) ? readRaw(image) : undefined;
}

/**
 * @param {NativeImage} image in memory
 * @returns {NativeImage}
 */
function copied(image) {
  switch (image.kind) {
    case 'encoded':
    case 'raw':
      return { ...image, data: new Uint8Array(image.data) };
    case 'tensor':
      return { ...image, data: new Float32Array(image.data) };
    default:
      return image;
  }
}

/** @param {ArrayBuffer | SharedArrayBuffer} buffer */
function viewOf(buffer) {
  try {
    return new Uint8Array(buffer);
  } catch {
    throw detached();
  }
}

/**
 * @template {Uint8Array} T
 * @param {T} bytes
 */
function whole(bytes) {
  if (bytes.byteLength === 0 && isDetached(bytes.buffer)) throw detached();
  return bytes;
}

/** @param {ArrayBufferLike} buffer */
function isDetached(buffer) {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

function detached() {
  return invalidValue('image', 'memory that was not given away (transferred)', 'a detached ArrayBuffer');
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
  if (/^(data|file|https?):/i.test(text)) return readUrl(text, options, signal);
  // Text that is refused may come from outside, and is not repeated.
  const found = `a string of ${text.length} characters`;
  if (!options.allowPaths) {
    throw invalidValue('image', 'an image in memory or a data: URL (allowPaths is false)', found);
  }
  if (text === '' || text.length > LONGEST_PATH || text.includes('\0')) {
    throw invalidValue('image', 'the path of an image', found);
  }
  return filePath(path.resolve(text));
}

/**
 * @param {string} url
 * @param {InputOptions} options
 * @param {AbortSignal} signal
 */
async function readUrl(url, options, signal) {
  switch (url.slice(0, url.indexOf(':')).toLowerCase()) {
    case 'data':
      return encoded(readDataUrl(url, options.limitInputBytes));
    case 'http':
    case 'https':
      return encoded(await download(url, options, signal));
    case 'file':
      if (options.allowPaths) return filePath(toPath(url));
      throw invalidValue('image', 'an image in memory or a data: URL (allowPaths is false)', 'a file: URL');
    default:
      throw invalidValue('image', 'a file:, data:, http: or https: URL', describeUrl(url));
  }
}

/**
 * @param {string} file
 * @returns {NativeImage}
 */
function filePath(file) {
  return { kind: 'path', path: onDisk(file) };
}

/** @param {string} url */
function toPath(url) {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new UpscalerError(
      'ERR_UPSCALER_READ',
      `Expected the file: URL of a local file but received ${describeUrl(url)}`,
      { cause },
    );
  }
}

/**
 * As fetch decodes it: base64 may be percent-encoded itself.
 *
 * @param {string} url
 * @param {number} limit in bytes
 */
function readDataUrl(url, limit) {
  const comma = url.indexOf(',');
  if (comma < 0) {
    throw invalidValue('image', 'a data: URL with a comma before its data', describeUrl(url));
  }
  const base64 = /;\s*base64\s*$/i.test(url.slice(0, comma));
  // Base64 takes 4 characters for 3 bytes, a percent-encoded byte 3.
  if (url.length - comma > 4 * limit) throw tooLarge(limit, 'a data: URL');
  const text = url
    .slice(comma + 1)
    .split('#', 1)[0]
    .replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  const data = Buffer.from(text, base64 ? 'base64' : 'latin1');
  if (data.byteLength > limit) throw tooLarge(limit, 'a data: URL');
  return data;
}

/**
 * @param {number} limit
 * @param {string} source
 */
function tooLarge(limit, source) {
  return new UpscalerError(
    'ERR_UPSCALER_LIMIT',
    `Expected at most ${limit} bytes (limitInputBytes) from ${source}`,
  );
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
  const shown = describeUrl(url);
  if (options.fetch === undefined) {
    throw invalidValue('image', 'no http(s) URL (the fetch option allows them)', shown);
  }
  let response;
  try {
    response = await options.fetch(url, { signal });
  } catch (cause) {
    throw new UpscalerError('ERR_UPSCALER_READ', `Could not fetch ${shown}`, { cause });
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new UpscalerError(
      'ERR_UPSCALER_READ',
      `Expected an image from ${shown} but received HTTP status ${response.status}`,
    );
  }
  return response.body === null
    ? new Uint8Array()
    : readStream(response.body, options.limitInputBytes, signal);
}

/**
 * @param {unknown} value
 * @returns {value is Blob}
 */
function isBlob(value) {
  return isObject(value) && typeof value.arrayBuffer === 'function' && typeof value.size === 'number';
}

/**
 * @param {Blob} blob a File too
 * @param {number} limit in bytes
 */
async function readBlob(blob, limit) {
  if (blob.size > limit) throw tooLarge(limit, 'a Blob');
  let bytes;
  try {
    bytes = await blob.arrayBuffer();
  } catch (cause) {
    throw new UpscalerError('ERR_UPSCALER_READ', 'Could not read the Blob', { cause });
  }
  if (!types.isAnyArrayBuffer(bytes)) throw invalidType('what the Blob gives', 'an ArrayBuffer', bytes);
  return new Uint8Array(bytes);
}

/**
 * sharp's raw pixels: 8 bits a sample, or 16 in a Uint16Array (or in bytes with `depth: 16`, in the machine's order).
 *
 * @param {Record<string, unknown>} image
 * @returns {NativeImage}
 */
function readRaw(image) {
  const width = requiredInteger('image.width', image.width, 1);
  const height = requiredInteger('image.height', image.height, 1);
  const channels = requiredInteger('image.channels', image.channels, 1, 4);
  const { data } = image;
  const wide = types.isUint16Array(data);
  if (!wide && !types.isUint8Array(data) && !types.isUint8ClampedArray(data)) {
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

module.exports = { tryReadSync, readImage };

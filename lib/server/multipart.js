// @ts-check
'use strict';

const { nameOf } = require('./disposition');
const { RequestError } = require('./request-error');

/**
 * @typedef {import('node:stream').Readable} Readable
 * @typedef {import('./body').Body} Body
 * @typedef {import('./body').Reading} Reading
 */

/** More than any allowed parameter needs. */
const LIMITS = { files: 1, fields: 20, fieldSize: 256, fieldNameSize: 64, headerPairs: 20 };
/** Bytes of a form beside its picture. */
const OVERHEAD = 64 * 1024;

/**
 * A form (RFC 7578) with one picture, whatever its field is called, and fields beside it.
 *
 * @param {typeof import('busboy')} busboy
 * @param {Readable} stream
 * @param {string} contentType
 * @param {Reading} reading
 * @returns {Promise<Body>}
 */
function readMultipart(busboy, stream, contentType, reading) {
  return new Promise((resolve, reject) => {
    const form = new Form(reading);
    let parser;
    try {
      parser = busboy({
        headers: { 'content-type': contentType },
        limits: { ...LIMITS, fileSize: reading.limit },
        defParamCharset: 'utf8',
      });
    } catch {
      return reject(
        new RequestError(400, 'Expected a Content-Type of multipart/form-data with its boundary'),
      );
    }
    const settle = (/** @type {() => void} */ how) => {
      stream.unpipe(parser);
      stream.off('data', count).off('close', onCut).off('error', onCut);
      reading.signal.removeEventListener('abort', onAbort);
      stream.pause();
      // What busboy says from here on has been answered already.
      parser.removeAllListeners().on('error', () => {});
      how();
    };
    const fail = (/** @type {unknown} */ error) => settle(() => reject(error));
    const onAbort = () => fail(reading.signal.reason);
    const onCut = () => {
      if (!stream.readableEnded) fail(new RequestError(400, 'Expected a whole body but it was cut short'));
    };
    let total = 0;
    const count = (/** @type {Buffer} */ chunk) => {
      total += chunk.length;
      if (total > reading.limit + OVERHEAD) fail(tooLarge(reading.limit));
    };
    parser
      .on('file', (_name, file, info) => form.file(file, info, fail))
      .on('field', (name, value, info) => form.field(name, value, info, fail))
      .on('filesLimit', () =>
        fail(new RequestError(400, 'Expected one picture in the form but received more')),
      )
      .on('fieldsLimit', () =>
        fail(new RequestError(400, `Expected at most ${LIMITS.fields} fields in the form`)),
      )
      .on('error', () => fail(new RequestError(400, 'Expected a form but could not parse it')))
      .on('close', () => {
        const body = form.body();
        if (body) settle(() => resolve(body));
        else fail(new RequestError(400, 'Expected a picture in the form but found none'));
      });
    if (reading.signal.aborted) return onAbort();
    reading.signal.addEventListener('abort', onAbort, { once: true });
    // An error that comes after the answer is nobody's any more; without a listener it would end the process.
    stream.on('error', () => {});
    stream.on('data', count).on('close', onCut).on('error', onCut);
    stream.pipe(parser);
  });
}

/** What has been read of a form. */
class Form {
  #reading;
  /** @type {Buffer[]} */
  #chunks = [];
  /** @type {string | undefined} */
  #filename;
  /** @type {Map<string, string[]>} */
  #fields = new Map();

  /** @param {Reading} reading */
  constructor(reading) {
    this.#reading = reading;
  }

  /**
   * @param {Readable & { truncated?: boolean }} file
   * @param {import('busboy').FileInfo} info
   * @param {(error: unknown) => void} fail
   */
  file(file, { filename }, fail) {
    // Browsers may send none.
    this.#filename = filename && nameOf(filename);
    file.on('data', (/** @type {Buffer} */ chunk) => {
      try {
        this.#reading.share.take(chunk.length);
        this.#chunks.push(chunk);
      } catch (error) {
        fail(error);
      }
    });
    file.on('limit', () => fail(tooLarge(this.#reading.limit)));
    file.on('error', () => {});
  }

  /**
   * @param {string} name
   * @param {string} value
   * @param {import('busboy').FieldInfo} info
   * @param {(error: unknown) => void} fail
   */
  field(name, value, { valueTruncated, nameTruncated }, fail) {
    if (valueTruncated || nameTruncated) {
      return fail(new RequestError(400, `Expected fields of at most ${LIMITS.fieldSize} bytes`));
    }
    this.#fields.set(name, [...(this.#fields.get(name) ?? []), value]);
  }

  /** @returns {Body | undefined} */
  body() {
    const image = Buffer.concat(this.#chunks);
    return image.length === 0 ? undefined : { image, fields: this.#fields, filename: this.#filename };
  }
}

/** @param {number} limit */
function tooLarge(limit) {
  return new RequestError(413, `Expected a picture of at most ${limit} bytes`);
}

module.exports = { readMultipart };

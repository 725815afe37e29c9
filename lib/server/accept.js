// @ts-check
'use strict';

const { RequestError } = require('./request-error');

/** Of formats that a client likes equally, the one whose files are smallest. */
const PREFERENCE = ['avif', 'jxl', 'webp', 'jpeg', 'png', 'tiff', 'gif'];
const JSON_TYPE = 'application/json';

/** @typedef {{ type: string, quality: number }} Range a media range of an Accept header */

/**
 * The form that the client wants its answer in: content negotiation as of RFC 9110, section 12.5.1. What is named
 * beats what a wildcard covers, so that a browser's `image/webp,image/*` gets WebP; where only a wildcard fits, the
 * format is the picture's own.
 *
 * @param {string | undefined} accept
 * @param {readonly string[]} formats that may be written
 * @returns {{ format: string | undefined, json: boolean }} `undefined`: the picture's own
 * @throws {RequestError} 406
 */
function negotiate(accept, formats) {
  const ranges = parseAccept(accept);
  if (ranges.length === 0) return { format: undefined, json: false };
  const offers = PREFERENCE.filter((format) => formats.includes(format))
    .map((format) => ({ format, quality: qualityOf(ranges, mediaType(format)) }))
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  const [named] = offers;
  const json = qualityOf(ranges, JSON_TYPE);
  if (json > (named?.quality ?? 0)) return { format: undefined, json: true };
  if (named !== undefined) return { format: named.format, json: false };
  if (qualityOf(ranges, 'image/*') > 0 || qualityOf(ranges, '*/*') > 0) {
    return { format: undefined, json: false };
  }
  const types = [...formats.map(mediaType), JSON_TYPE].join(', ');
  throw new RequestError(406, `Expected an Accept header with one of ${types}`);
}

/**
 * Whether the client names JSON, and likes no picture as much.
 *
 * @param {string | undefined} accept
 */
function prefersJson(accept) {
  const ranges = parseAccept(accept);
  const json = qualityOf(ranges, JSON_TYPE);
  return json > 0 && ranges.every(({ type, quality }) => !type.startsWith('image/') || quality < json);
}

/**
 * @param {string | undefined} accept
 * @returns {Range[]}
 */
function parseAccept(accept) {
  if (accept === undefined) return [];
  return accept
    .split(',')
    .map((range) => {
      const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      const quality =
        given === undefined ? 1 : /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(given) ? Number(given) : 0;
      return { type: type === 'image/jpg' ? 'image/jpeg' : type, quality };
    })
    .filter(({ type }) => type !== '');
}

/**
 * @param {Range[]} ranges
 * @param {string} type
 */
function qualityOf(ranges, type) {
  return ranges.find((range) => range.type === type)?.quality ?? 0;
}

/** @param {string} format */
function mediaType(format) {
  return `image/${format}`;
}

module.exports = { negotiate, prefersJson, mediaType };

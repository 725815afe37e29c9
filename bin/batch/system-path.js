// @ts-check
'use strict';

const { isUtf8 } = require('node:buffer');

/**
 * Names of files that are not UTF-8, which POSIX systems allow, as strings: each of their bytes from 0x80 up is a lone
 * surrogate from U+DC80 up, as in Python. Such a string can be joined, compared and printed as JSON like any other, and
 * becomes the same bytes again when the system is asked for the file.
 */

const SURROGATES = 0xdc00;
const BYTE = /[\u{DC80}-\u{DCFF}]/u;

/** What stands in an argument for bytes that are not UTF-8: Node does not keep them. */
const LOST = '\uFFFD';

/**
 * @param {Buffer} bytes as the system gives a path
 * @returns {string}
 */
function fromSystem(bytes) {
  if (isUtf8(bytes)) return bytes.toString();
  return bytes
    .toString('latin1')
    .replace(/[\x80-\xff]/g, (byte) => String.fromCharCode(SURROGATES + byte.charCodeAt(0)));
}

/**
 * @param {string} name
 * @returns {string | Buffer} as Node's functions for files take it
 */
function toSystem(name) {
  if (!BYTE.test(name)) return name;
  const parts = name.split(/([\u{DC80}-\u{DCFF}])/u);
  return Buffer.concat(
    parts.map((part) => (BYTE.test(part) ? Buffer.of(part.charCodeAt(0) - SURROGATES) : Buffer.from(part))),
  );
}

/** @param {string} name */
function byteLength(name) {
  return Buffer.byteLength(toSystem(name));
}

/**
 * @param {string} name
 * @returns {string} what Node makes of it as an argument
 */
function asArgument(name) {
  return toSystem(name).toString();
}

module.exports = { LOST, fromSystem, toSystem, byteLength, asArgument };

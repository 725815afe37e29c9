// @ts-check
'use strict';

/**
 * A `Content-Disposition` that saves under the picture's name with its new width (RFC 6266).
 *
 * @param {'inline' | 'attachment'} kind
 * @param {string | undefined} filename as the client sent it
 * @param {{ format: string, width: number }} info
 */
function dispositionOf(kind, filename, { format, width }) {
  const name = `${stemOf(filename)}-${width}.${format === 'jpeg' ? 'jpg' : format}`;
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(/['()*]/g, percent);
  const extended = plain === name ? '' : `; filename*=UTF-8''${encoded}`;
  return `${kind}; filename="${plain}"${extended}`;
}

/** Characters of a file's name that are kept: as many as file systems take, and more than an answer shows. */
const LONGEST_NAME = 255;

/**
 * What is kept of the name that a client gives its file: the last part of a path, and not all of a long one.
 *
 * @param {string} filename
 */
function nameOf(filename) {
  const start = Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1;
  // Through bytes: a slice would keep the whole string in memory.
  return Buffer.from(filename.slice(start, start + LONGEST_NAME)).toString();
}

/** @param {string} [filename] */
function stemOf(filename = '') {
  // A lone surrogate cannot be encoded; on its way through UTF-8 it becomes a replacement character.
  const stem = Buffer.from(
    nameOf(filename)
      .replace(/\.[^.]*$/, '')
      .slice(0, 100),
  )
    .toString()
    .replace(/\p{Cc}/gu, '')
    .trim();
  return stem === '' ? 'picture' : stem;
}

/** @param {string} character */
function percent(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

module.exports = { dispositionOf, nameOf };

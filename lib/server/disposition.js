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

/** @param {string} [filename] */
function stemOf(filename = '') {
  const [base] = filename.split(/[/\\]/).slice(-1);
  // A lone surrogate cannot be encoded; on its way through UTF-8 it becomes a replacement character.
  const stem = Buffer.from(base.replace(/\.[^.]*$/, '').slice(0, 100))
    .toString()
    .replace(/\p{Cc}/gu, '')
    .trim();
  return stem === '' ? 'picture' : stem;
}

/** @param {string} character */
function percent(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

module.exports = { dispositionOf };

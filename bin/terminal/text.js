// @ts-check
'use strict';

/** Text as a terminal shows it: how wide it is, cut to a width, and without what would control the terminal. */

const segmenter = new Intl.Segmenter();
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;

/** @param {string} character a grapheme */
function widthOf(character) {
  if (/^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** @param {string} text without escape sequences */
function displayWidth(text) {
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += widthOf(segment);
  return width;
}

/**
 * @param {string} text without escape sequences
 * @param {number} columns
 */
function truncate(text, columns) {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return columns > 0 ? `${kept}…` : '';
}

/**
 * @param {string} text
 * @param {number} columns
 */
function pad(text, columns) {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

/**
 * A file's name for the terminal: it may hold anything but a slash, escape sequences too.
 *
 * @param {string} name
 */
function showName(name) {
  return name.replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069\u{DC80}-\u{DCFF}]/gu, (character) => {
    const code = /** @type {number} */ (character.codePointAt(0));
    // A byte that is not UTF-8, as shells show it.
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code & 0xff).toString(16)}`;
    return `\\u{${code.toString(16)}}`;
  });
}

/**
 * @param {string} text
 * @param {number} columns
 * @returns {string[]} at least one line; what is longer than a line stays whole
 */
function wrap(text, columns) {
  /** @type {string[]} */
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const last = lines[lines.length - 1];
    if (last === '') lines[lines.length - 1] = word;
    else if (displayWidth(last) + 1 + displayWidth(word) <= columns) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}

/**
 * Rows in columns as wide as their cells.
 *
 * @param {string[][]} rows
 * @param {number[]} [right] columns that are aligned on the right
 */
function table(rows, right = []) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => displayWidth(row[column]))));
  return rows
    .map((row) =>
      row
        .map((cell, i) =>
          right.includes(i) ? ' '.repeat(widths[i] - displayWidth(cell)) + cell : pad(cell, widths[i]),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

module.exports = { displayWidth, truncate, pad, showName, wrap, table };

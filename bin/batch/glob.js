// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { fromSystem, toSystem } = require('./system-path');

/**
 * Files by a pattern, for shells that hand patterns over as they are: `*`, `?`, `[a-z]`, `{jpg,png}`, and `**` for
 * folders within folders. Names that begin with a dot are found only by patterns that do. Where a part of a pattern is
 * the name of something that is there, it means that: names may hold any of these characters.
 * (`fs.glob` does not exist in Node 20.)
 */

const SEPARATORS = path.sep === '\\' ? /[/\\]+/ : /\/+/;

/** What stands for characters of a name: a set in brackets, in which a `]` that comes first is one of it, or any one. */
const PART = /\[([!^]?)(\][^\]]*|[^\]]+)\]|[^]/gu;

/** @param {string} text */
function isGlob(text) {
  return /[*?[{]/.test(text);
}

/**
 * @param {string} pattern
 * @returns {AsyncGenerator<string>} each file once
 */
async function* glob(pattern) {
  const seen = new Set();
  for await (const file of walk('', pattern)) {
    if (!seen.has(file)) yield file;
    seen.add(file);
  }
}

/**
 * @param {string} folder what is found so far; empty for the working directory
 * @param {string} pattern what is to be found in it
 * @returns {AsyncGenerator<string>}
 */
async function* walk(folder, pattern) {
  const { root } = path.parse(pattern);
  if (folder === '' && root !== '') return yield* descend(root, pattern.slice(root.length));
  const [segment, rest] = split(pattern);
  const literal = path.join(folder, segment);
  if ((await stat(literal)) !== undefined) return yield* descend(literal, rest);
  const choices = segment.includes('{') ? expandBraces(pattern) : [];
  if (choices.length > 1) {
    for (const choice of choices) yield* walk(folder, choice);
  } else if (segment === '**') {
    for await (const each of foldersFrom(folder)) yield* walk(each, rest || '*');
  } else {
    for (const found of await matches(folder, segment)) yield* descend(found, rest);
  }
}

/**
 * @param {string} found
 * @param {string} rest of the pattern: empty where it is the file that was looked for
 * @returns {AsyncGenerator<string>}
 */
async function* descend(found, rest) {
  if (rest !== '') yield* walk(found, rest);
  else if ((await stat(found))?.isFile()) yield found;
}

/**
 * @param {string} pattern
 * @returns {[string, string]} its first segment, and what follows
 */
function split(pattern) {
  const separator = SEPARATORS.exec(pattern);
  if (separator === null) return [pattern, ''];
  const { index } = separator;
  return [pattern.slice(0, index), pattern.slice(index + separator[0].length)];
}

/**
 * @param {string} folder
 * @returns {AsyncGenerator<string>} itself, and those within it at any depth
 */
async function* foldersFrom(folder) {
  yield folder;
  for (const entry of await entries(folder)) {
    if (entry.isDirectory() && !entry.name.startsWith('.')) yield* foldersFrom(path.join(folder, entry.name));
  }
}

/**
 * @param {string} folder
 * @param {string} segment that is no name of anything there
 */
async function matches(folder, segment) {
  if (!/[*?[]/.test(segment)) return [];
  const expression = toExpression(segment);
  const found = (await entries(folder)).filter(
    ({ name }) => expression.test(name) && (!name.startsWith('.') || segment.startsWith('.')),
  );
  return found.map(({ name }) => path.join(folder, name));
}

/** @param {string} segment */
function toExpression(segment) {
  const source = segment.replace(PART, (part, negation, set) => {
    if (set !== undefined) return `[${negation === '' ? '' : '^'}${rangesOf(set)}]`;
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : literally(part);
  });
  return new RegExp(`^${source}$`, process.platform === 'linux' ? 'u' : 'iu');
}

/**
 * @param {string} set what stands between brackets; a range whose end comes before its beginning holds nothing, as in
 *   shells
 */
function rangesOf(set) {
  const characters = [...set];
  let ranges = '';
  for (let i = 0; i < characters.length; i++) {
    const from = characters[i];
    if (characters[i + 1] === '-' && i + 2 < characters.length) i += 2;
    const to = characters[i];
    if (codeOf(from) <= codeOf(to)) ranges += `${literally(from)}-${literally(to)}`;
  }
  return ranges;
}

/** @param {string} character */
function literally(character) {
  return `\\u{${codeOf(character).toString(16)}}`;
}

/** @param {string} character */
function codeOf(character) {
  return /** @type {number} */ (character.codePointAt(0));
}

/**
 * @param {string} pattern `a.{jpg,png}`
 * @returns {string[]} `a.jpg`, `a.png`
 */
function expandBraces(pattern) {
  const inner = /\{([^{}]*,[^{}]*)\}/.exec(pattern);
  if (inner === null) return [pattern];
  const [before, after] = [pattern.slice(0, inner.index), pattern.slice(inner.index + inner[0].length)];
  return inner[1].split(',').flatMap((choice) => expandBraces(before + choice + after));
}

/**
 * @param {string} folder
 * @returns {Promise<{ name: string, isDirectory(): boolean }[]>} in the order of names; empty if it cannot be read
 */
async function entries(folder) {
  const found = await readdir(toSystem(folder || '.')).catch(() => []);
  return found
    .map((entry) => ({ name: fromSystem(entry.name), isDirectory: () => entry.isDirectory() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Node's types do not know of names as bytes here.
 *
 * @param {string | Buffer} folder
 * @returns {Promise<{ name: Buffer, isDirectory(): boolean }[]>}
 */
async function readdir(folder) {
  /** @type {any} */
  const options = { withFileTypes: true, encoding: 'buffer' };
  return /** @type {any} */ (fs.promises.readdir(folder, options));
}

/** @param {string} file */
function stat(file) {
  return fs.promises.stat(toSystem(file)).catch(() => undefined);
}

module.exports = { isGlob, glob, entries };

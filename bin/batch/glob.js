// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');

/**
 * Files by a pattern, for shells that hand patterns over as they are: `*`, `?`, `[a-z]`, `{jpg,png}`, and `**` for
 * folders within folders. Names that begin with a dot are found only by patterns that do.
 * (`fs.glob` does not exist in Node 20.)
 */

/** @param {string} text */
function isGlob(text) {
  return /[*?[{]/.test(text);
}

/**
 * @param {string} pattern
 * @returns {AsyncGenerator<string>} each file once, in the order of their names
 */
async function* glob(pattern) {
  const seen = new Set();
  for (const each of expandBraces(pattern)) {
    const { root } = path.parse(each);
    const segments = each
      .slice(root.length)
      .split(/[/\\]+/)
      .filter((segment) => segment !== '');
    for await (const file of walk(root, segments)) {
      if (!seen.has(file)) yield file;
      seen.add(file);
    }
  }
}

/**
 * @param {string} folder what is found so far; empty for the working directory
 * @param {string[]} segments what is to be found in it
 * @returns {AsyncGenerator<string>}
 */
async function* walk(folder, [segment, ...rest]) {
  if (segment === '**') {
    yield* rest.length > 0 ? walk(folder, rest) : walk(folder, ['*']);
    for (const entry of await entries(folder)) {
      if (entry.isDirectory() && !entry.name.startsWith('.'))
        yield* walk(path.join(folder, entry.name), ['**', ...rest]);
    }
    return;
  }
  for (const file of await matches(folder, segment)) {
    if (rest.length > 0) yield* walk(file, rest);
    else if ((await stat(file))?.isFile()) yield file;
  }
}

/**
 * @param {string} folder
 * @param {string} segment
 */
async function matches(folder, segment) {
  if (!/[*?[]/.test(segment)) return [path.join(folder, segment)];
  const expression = toExpression(segment);
  const found = (await entries(folder)).filter(
    ({ name }) => expression.test(name) && (!name.startsWith('.') || segment.startsWith('.')),
  );
  return found.map(({ name }) => path.join(folder, name));
}

/** @param {string} segment */
function toExpression(segment) {
  const source = segment.replace(/\[!?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 2) return `[${part.slice(1, -1).replace(/^!/, '^').replace(/\\/g, '\\\\')}]`;
    return part.replace(/[$()*+.?[\\\]^{|}]/, '\\$&');
  });
  return new RegExp(`^${source}$`, process.platform === 'linux' ? '' : 'i');
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

/** @param {string} folder in the order of names; empty if it cannot be read */
async function entries(folder) {
  const found = await fs.promises.readdir(folder || '.', { withFileTypes: true }).catch(() => []);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param {string} file */
function stat(file) {
  return fs.promises.stat(file).catch(() => undefined);
}

module.exports = { isGlob, glob, entries };

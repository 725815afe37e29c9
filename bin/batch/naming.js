// @ts-check
'use strict';

const path = require('node:path');
const { nearest } = require('../arguments/nearest');
const { UsageError } = require('../arguments/usage-error');
const { endingOf, formatOf } = require('./formats');
const { statOf } = require('./stat');
const { LOST } = require('./system-path');

/**
 * What results are called.
 *
 * @typedef {{ file: string, folder: string }} Named
 * @typedef {{ name: string, ext: string, dir: string, scale: string, size: string, model: string }} Fields
 * @typedef {(input: Named, fields: Pick<Fields, 'model' | 'scale' | 'size'>) => { output: string, format: string | undefined }} Naming
 */

const FIELDS = ['name', 'ext', 'dir', 'scale', 'size', 'model'];
const FIELD = /\{([a-z]+)\}/gi;
const STANDARD_OUTPUT = '-';

/**
 * How to call the results, from `-o` and what goes in.
 *
 * @param {{ output?: string, format?: string, width?: number, height?: number }} options
 * @param {{ count: number, fromStdin: boolean }} inputs
 * @returns {Naming}
 * @throws {UsageError} if `-o` does not fit the inputs
 */
function namingFor({ output, format, width, height }, { count, fromStdin }) {
  const bySize = width !== undefined || height !== undefined;
  if (output === STANDARD_OUTPUT || (output === undefined && fromStdin)) {
    if (count > 1)
      throw new UsageError(
        `${count} pictures cannot go to standard output: give one, or -o a folder`,
        'upscale',
      );
    return () => ({ output: STANDARD_OUTPUT, format });
  }
  if (output === undefined) return inFolder(undefined, format);
  if (output.includes(LOST))
    throw new UsageError(`-o wants a name in UTF-8 but was given ${output}`, 'upscale');
  if (output.search(FIELD) >= 0) return byPattern(output, format, bySize);
  if (isFolder(output)) return inFolder(output, format);
  if (count > 1) {
    throw new UsageError(
      `${count} pictures cannot go to one file: -o ${output}${path.sep} is a folder, -o '{name}@{size}.{ext}' a pattern`,
      'upscale',
    );
  }
  return () => ({ output, format: format ?? formatByName(output) });
}

/**
 * What is there decides; of what is not, a name without an ending is a folder's.
 *
 * @param {string} output
 */
function isFolder(output) {
  if (/[/\\]$/.test(output)) return true;
  const existing = statOf(output);
  return existing?.isDirectory() ?? path.extname(output) === '';
}

/**
 * @param {string | undefined} folder `undefined`: where the input is
 * @param {string | undefined} format
 * @returns {Naming}
 */
function inFolder(folder, format) {
  return (input, { size }) => {
    const { name, ext } = partsOf(input, format);
    const where = folder === undefined ? path.dirname(input.file) : path.join(folder, input.folder);
    const file = path.join(where, `${name}@${size}.${ext}`);
    return { output: file, format: format ?? formatOf(file) };
  };
}

/**
 * @param {string} pattern
 * @param {string | undefined} format
 * @param {boolean} bySize
 * @returns {Naming}
 */
function byPattern(pattern, format, bySize) {
  for (const [written, field] of pattern.matchAll(FIELD)) checkField(written, field, bySize);
  const whole = /[/\\]$/.test(pattern) ? path.join(pattern, '{name}@{size}.{ext}') : pattern;
  return (input, known) => {
    const own = whole.includes('{ext}') ? undefined : formatByName(whole);
    const fields = { ...partsOf(input, format ?? own), dir: input.folder || '.', ...known };
    const file = path.normalize(
      whole.replace(FIELD, (_, field) => fields[/** @type {keyof Fields} */ (field)]),
    );
    return { output: file, format: format ?? formatOf(file) };
  };
}

/**
 * @param {string} written
 * @param {string} field
 * @param {boolean} bySize
 */
function checkField(written, field, bySize) {
  if (!FIELDS.includes(field)) {
    const near = nearest(field, FIELDS);
    const known = FIELDS.map((each) => `{${each}}`).join(', ');
    throw new UsageError(
      `-o: there is no ${written}${near === undefined ? '' : `; did you mean {${near}}?`} A pattern may hold ${known}`,
      'upscale',
    );
  }
  if (field === 'scale' && bySize) {
    throw new UsageError(
      '-o: with --width or --height the scale differs from picture to picture: write {size}',
      'upscale',
    );
  }
}

/**
 * A format that is not known must not be guessed: the name says what its user wants.
 *
 * @param {string} output
 */
function formatByName(output) {
  const format = formatOf(output);
  const ending = path.extname(output);
  if (format === undefined && ending !== '') {
    throw new UsageError(`-o: ${ending} is no format that can be written; name one with --format`, 'upscale');
  }
  return format;
}

/**
 * @param {Named} input
 * @param {string | undefined} format
 */
function partsOf({ file }, format) {
  const given = path.extname(file);
  const name = path.basename(file, given);
  const own = formatOf(file);
  // The ending stays as it is written (.JPG, .jpeg) where the format does. A GIF's 256 colours hold no result.
  const keeps = own !== undefined && (format ?? (own === 'gif' ? 'png' : own)) === own;
  return { name: name === '-' ? 'stdin' : name, ext: keeps ? given.slice(1) : endingOf(format ?? 'png') };
}

/**
 * `{size}`: what was asked for, as part of a name.
 *
 * @param {{ scale?: number, width?: number, height?: number }} options
 * @param {number} usual scale where nothing is asked for
 */
function sizeLabel({ scale, width, height }, usual) {
  if (width !== undefined && height !== undefined) return `${width}x${height}`;
  if (width !== undefined) return `${width}w`;
  if (height !== undefined) return `${height}h`;
  return `${scale ?? usual}x`;
}

module.exports = { namingFor, sizeLabel, STANDARD_OUTPUT };

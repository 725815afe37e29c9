// @ts-check
'use strict';

const { RequestError } = require('./request-error');

/**
 * @typedef {import('./settings').Settings} Settings
 * @typedef {import('./settings').Bounds} Bounds
 * @typedef {import('../../index.js').UpscaleOptions<'buffer'>} UpscaleOptions
 * @typedef {{ options: UpscaleOptions, model: string | undefined }} Choice
 */

/** What the library knows but a server may not let a request choose; anything else is not ours to complain of. */
const KNOWN = ['scale', 'width', 'height', 'quality', 'fit', 'format', 'model'];

/**
 * What a request chooses, through the list of what it may choose. Nothing else of a request gets near the library.
 *
 * @param {Map<string, string[]>} given values by name, from the query, the form or JSON
 * @param {Settings} settings
 * @returns {Choice}
 * @throws {RequestError} 400
 */
function parseParameters(given, { parameters, models }) {
  for (const name of KNOWN) {
    if ((given.get(name)?.length ?? 0) > 1) throw bad(name, 'one value', `${given.get(name)?.length}`);
  }
  const one = (/** @type {string} */ name) => given.get(name)?.[0];
  const options = /** @type {UpscaleOptions} */ (
    withoutUndefined({
      scale: parseNumber('scale', one('scale'), parameters.scale),
      width: parseInteger('width', one('width'), parameters.width),
      height: parseInteger('height', one('height'), parameters.height),
      quality: parseInteger('quality', one('quality'), parameters.quality),
      fit: parseChoice('fit', one('fit'), parameters.fit),
      format: parseChoice('format', one('format'), parameters.format),
    })
  );
  if (options.scale !== undefined && (options.width !== undefined || options.height !== undefined)) {
    throw new RequestError(400, 'Expected either scale, or width and height, not both');
  }
  return { options, model: parseChoice('model', one('model'), models) };
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {Bounds | undefined} bounds
 */
function parseNumber(name, text, bounds) {
  if (text === undefined) return undefined;
  if (bounds === undefined) throw notAllowed(name);
  // Number() reads '', ' 2 ', '0x10' and '1e3' too.
  const value = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value >= bounds.min && value <= bounds.max) return value;
  const least = bounds.min === Number.MIN_VALUE ? 'above 0' : `from ${bounds.min}`;
  throw bad(name, `a number ${least} to ${bounds.max}`, text);
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {Bounds | undefined} bounds
 */
function parseInteger(name, text, bounds) {
  const value = parseNumber(name, text, bounds);
  if (value === undefined || Number.isInteger(value)) return value;
  throw bad(name, 'an integer', text);
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {readonly string[]} choices
 */
function parseChoice(name, text, choices) {
  if (text === undefined) return undefined;
  if (choices.length === 0) throw notAllowed(name);
  if (choices.includes(text)) return text;
  throw bad(name, `one of ${choices.join(', ')}`, text);
}

/**
 * @param {string} name
 * @param {string} expected
 * @param {unknown} found
 */
function bad(name, expected, found) {
  const text = String(found);
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text);
  return new RequestError(400, `Expected ${expected} for ${name} but received ${shown}`);
}

/** @param {string} name */
function notAllowed(name) {
  return new RequestError(400, `Expected no ${name}: this server does not let a request choose it`);
}

/**
 * @template {object} T
 * @param {T} object
 */
function withoutUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

module.exports = { parseParameters };

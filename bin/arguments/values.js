// @ts-check
'use strict';

const { nearest } = require('./nearest');
const { UsageError } = require('./usage-error');

/**
 * @typedef {import('./options').Option} Option
 */

/**
 * An option's value, checked.
 *
 * @param {string} name as the user wrote it, or could have
 * @param {Option} option
 * @param {unknown} value text from the command line; anything from a configuration file
 * @param {string} command
 * @returns {string | number | boolean | string[]}
 */
function convert(name, option, value, command) {
  const fail = (/** @type {string} */ expected, hint = '') =>
    new UsageError(`${name} wants ${expected} but was given ${show(value)}${hint}`, command);
  switch (option.kind) {
    case 'flag':
      if (typeof value !== 'boolean') throw fail('true or false');
      return value;
    case 'integer':
    case 'number':
      return toNumber(option, value, fail);
    case 'choice': {
      const choices = option.choices ?? [];
      const text = String(value).toLowerCase();
      if (choices.includes(text)) return text;
      const near = nearest(text, choices);
      throw fail(`one of ${choices.join(', ')}`, near === undefined ? '' : `; did you mean ${near}?`);
    }
    case 'models': {
      const names = (Array.isArray(value) ? value.map(String) : String(value).split(',')).map((each) =>
        each.trim(),
      );
      if (names.some((each) => each === '')) throw fail('names, separated by commas');
      return names;
    }
    default:
      if (typeof value !== 'string' || value === '') throw fail(`a ${option.value}`);
      return value;
  }
}

/**
 * @param {Option} option
 * @param {unknown} value
 * @param {(expected: string) => Error} fail
 */
function toNumber({ kind, min = -Infinity, max = Infinity }, value, fail) {
  const text = String(value).trim();
  const number = text === '' || !['string', 'number'].includes(typeof value) ? NaN : Number(text);
  if (kind === 'number') {
    if (!(number > min && number < Infinity)) throw fail('a positive number');
    return number;
  }
  const expected =
    max === Infinity ? `a whole number from ${min} on` : `a whole number from ${min} to ${max}`;
  if (!Number.isSafeInteger(number) || number < min || number > max) throw fail(expected);
  return number;
}

/** @param {unknown} value */
function show(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' ? 'nothing' : text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

module.exports = { convert };

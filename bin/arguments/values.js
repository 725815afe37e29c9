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
      const text = isWord(value) ? String(value).toLowerCase() : '';
      if (choices.includes(text)) return text;
      const near = nearest(text, choices);
      throw fail(`one of ${choices.join(', ')}`, near === undefined ? '' : `; did you mean ${near}?`);
    }
    case 'models': {
      const words = typeof value === 'string' ? value.split(',') : value;
      if (!Array.isArray(words) || !words.every(isWord)) throw fail('names, separated by commas');
      const names = words.map((each) => String(each).trim());
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
  const text = isWord(value) ? String(value).trim() : '';
  const number = text === '' ? NaN : Number(text);
  if (kind === 'number') {
    if (!(number > min && number < Infinity)) throw fail('a positive number');
    return number;
  }
  const expected =
    max === Infinity ? `a whole number from ${min} on` : `a whole number from ${min} to ${max}`;
  if (!Number.isSafeInteger(number) || number < min || number > max) throw fail(expected);
  return number;
}

/** @param {unknown} value whether it may be a word of a command line */
function isWord(value) {
  return typeof value === 'string' || typeof value === 'number';
}

/** @param {unknown} value of a configuration file: of lists and objects, which may be of any depth, only that they are */
function show(value) {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = String(value);
  return text === '' ? 'nothing' : text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

module.exports = { convert };

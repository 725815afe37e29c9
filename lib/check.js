// @ts-check
'use strict';

const { invalidType, invalidValue } = require('./errors');

/**
 * Checks of arguments. Each returns the value with its type known, passes `undefined` through, and throws
 * `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE` in one voice.
 */

/** The addon's integers have 32 bits: larger ones would come out as others. */
const LARGEST = 2 ** 31 - 1;

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} min
 * @param {number} [max]
 * @returns {number | undefined}
 */
function integer(name, value, min, max = LARGEST) {
  if (value === undefined) return undefined;
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `an integer >= ${min}` : `an integer from ${min} to ${max}`;
  if (typeof value !== 'number') throw invalidType(name, expected, value);
  if (!Number.isInteger(value) || value < min || value > max) throw invalidValue(name, expected, value);
  return value;
}

/**
 * The same of what may not be left out.
 *
 * @param {string} name
 * @param {unknown} value
 * @param {number} min
 * @param {number} [max]
 * @returns {number}
 */
function requiredInteger(name, value, min, max) {
  const checked = integer(name, value, min, max);
  if (checked === undefined) throw invalidType(name, 'an integer', value);
  return checked;
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} [max]
 * @returns {number | undefined}
 */
function positiveNumber(name, value, max = Number.MAX_VALUE) {
  if (value === undefined) return undefined;
  const expected = max === Number.MAX_VALUE ? 'a positive number' : `a positive number up to ${max}`;
  if (typeof value !== 'number') throw invalidType(name, expected, value);
  if (!(value > 0 && value <= max)) throw invalidValue(name, expected, value);
  return value;
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {boolean | undefined}
 */
function boolean(name, value) {
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalidType(name, 'a boolean', value);
}

/**
 * @template {string | number} T
 * @param {string} name
 * @param {unknown} value
 * @param {readonly T[]} choices
 * @returns {T | undefined}
 */
function oneOf(name, value, choices) {
  if (value === undefined) return undefined;
  if (choices.includes(/** @type {T} */ (value))) return /** @type {T} */ (value);
  const expected = `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
  throw typeof value === typeof choices[0]
    ? invalidValue(name, expected, value)
    : invalidType(name, expected, value);
}

/**
 * What may be as large as memory: bytes and pixels.
 *
 * @param {string} name
 * @param {unknown} value
 * @returns {number | undefined}
 */
function count(name, value) {
  return integer(name, value, 1, Number.MAX_SAFE_INTEGER);
}

/**
 * An options object; `undefined` gives an empty one.
 *
 * @param {string} name
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function options(name, value) {
  if (value === undefined) return {};
  if (!isObject(value)) throw invalidType(name, 'an object', value);
  return value;
}

/**
 * @template {Function} [T=Function]
 * @param {string} name
 * @param {unknown} value
 * @returns {T | undefined}
 */
function callback(name, value) {
  if (value === undefined || typeof value === 'function') return /** @type {T | undefined} */ (value);
  throw invalidType(name, 'a function', value);
}

/**
 * @param {string} name
 * @param {readonly unknown[]} list
 * @param {number} most elements
 */
function short(name, list, most) {
  if (list.length > most) throw invalidValue(name, `at most ${most} elements`, list.length);
}

/**
 * @param {string} name
 * @param {unknown} value one of this realm, of another, or of a library that stands in for it
 * @returns {AbortSignal | undefined}
 */
function abortSignal(name, value) {
  if (value === undefined) return undefined;
  const methods = ['addEventListener', 'removeEventListener'];
  if (
    isObject(value) &&
    typeof value.aborted === 'boolean' &&
    methods.every((method) => typeof value[method] === 'function')
  ) {
    return /** @type {AbortSignal} */ (/** @type {unknown} */ (value));
  }
  throw invalidType(name, 'an AbortSignal', value);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {RegExp} form
 * @param {string} expected the form in words
 * @returns {string | undefined}
 */
function pattern(name, value, form, expected) {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalidType(name, expected, value);
  if (!form.test(value)) throw invalidValue(name, expected, value);
  return value;
}

/**
 * A pair of numbers, the second the greater.
 *
 * @param {string} name
 * @param {unknown} value
 * @returns {[number, number] | undefined}
 */
function range(name, value) {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length !== 2 || !value.every((n) => typeof n === 'number')) {
    throw invalidType(name, 'two numbers [lowest, highest]', value);
  }
  const [low, high] = value;
  if (!(low < high)) throw invalidValue(name, 'two numbers [lowest, highest], the first the smaller', value);
  return [low, high];
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * An object that was written as `{ … }`, in this realm or another.
 *
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isPlainObject(value) {
  if (!isObject(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * A field of an object's own: words of users must not find what every object inherits.
 *
 * @param {any} object
 * @param {any} key
 * @returns {any}
 */
function own(object, key) {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

module.exports = {
  own,
  integer,
  requiredInteger,
  count,
  positiveNumber,
  boolean,
  oneOf,
  options,
  callback,
  short,
  abortSignal,
  pattern,
  range,
  isObject,
  isPlainObject,
};

// @ts-check
'use strict';

/**
 * URLs as arguments. They are known by what they have, as Node does: those of a vm context are of another class.
 */

/**
 * @param {unknown} value
 * @returns {value is URL}
 */
function isUrl(value) {
  if (typeof value !== 'object' || value === null) return false;
  const { href, protocol, searchParams } = /** @type {Partial<URL>} */ (value);
  return typeof href === 'string' && typeof protocol === 'string' && searchParams !== undefined;
}

module.exports = { isUrl };

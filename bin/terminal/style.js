// @ts-check
'use strict';

/**
 * What a stream can show.
 *
 * @typedef {{ live: boolean, colour: boolean, unicode: boolean }} Abilities `live`: lines may be drawn again
 */

/**
 * @param {{ isTTY?: boolean }} stream
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Abilities}
 */
function abilities(stream, env = process.env) {
  const live = stream.isTTY === true && env.TERM !== 'dumb';
  return { live, colour: live && !env.NO_COLOR, unicode: showsUnicode(env) };
}

/**
 * Whether characters beyond ASCII show as such: as POSIX has it, the first of three variables that is set decides.
 *
 * @param {NodeJS.ProcessEnv} env
 */
function showsUnicode(env) {
  if (process.platform === 'win32' || process.platform === 'darwin') return true;
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
}

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** @typedef {keyof typeof CODES} Colour */

/**
 * @param {boolean} enabled
 * @returns {(colour: Colour, text: string) => string}
 */
function painter(enabled) {
  return (colour, text) => (enabled ? `\x1b[${CODES[colour][0]}m${text}\x1b[${CODES[colour][1]}m` : text);
}

module.exports = { abilities, painter };

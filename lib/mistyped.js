// @ts-check
'use strict';

const check = require('./check');
const { editDistance } = require('./nearest');
const { warn } = require('./warn');

/** Names that were warned of once and are not again in this process: an option is passed with every picture. */
const said = new Set();

/** A name that differs in more of its letters is another name: options of UpscalerJS without effect here stay silent. */
const ALIKE = 0.4;

/**
 * Parses options and warns of those that nothing reads while a name much like theirs is read. What `parse` reads is
 * what there is, so that no list of options can be out of date.
 *
 * @template T
 * @param {unknown} given
 * @param {(options: unknown) => T} parse
 * @returns {T}
 */
function noticeMistyped(given, parse) {
  if (!check.isObject(given)) return parse(given);
  /** @type {Set<string | symbol>} */
  const read = new Set();
  const parsed = parse(
    new Proxy(given, {
      get: (options, name) => {
        read.add(name);
        return Reflect.get(options, name);
      },
    }),
  );
  for (const name of Object.keys(given)) {
    if (!read.has(name)) warnOfMistyped(name, read);
  }
  return parsed;
}

/**
 * @param {string} name
 * @param {Set<string | symbol>} known
 */
function warnOfMistyped(name, known) {
  if (said.has(name)) return;
  const [best] = [...known]
    .filter((candidate) => typeof candidate === 'string')
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  if (best === undefined || best.distance > Math.max(1, name.length * ALIKE)) return;
  said.add(name);
  warn(
    'UPSCALER_OPTION',
    `There is no option ${JSON.stringify(name)}: did you mean ${JSON.stringify(best.candidate)}?`,
  );
}

module.exports = { noticeMistyped };

// @ts-check
'use strict';

const fs = require('node:fs');
const { COMMON, optionsOf } = require('./commands');
const { nearest } = require('./nearest');
const { camelCase } = require('./parse');
const { UsageError } = require('./usage-error');
const { convert } = require('./values');

/**
 * Options from a JSON file, named as on the command line or in camelCase, checked in the same way.
 *
 * @param {string} file
 * @param {string} command
 * @returns {Record<string, unknown>}
 */
function readConfig(file, command) {
  const given = readObject(file, command);
  const options = optionsOf(command);
  const allowed = [...options.keys()].filter((name) => !COMMON.includes(name) && name !== 'config');
  const names = new Map(
    allowed.flatMap((name) => [
      [name, name],
      [camelCase(name), name],
    ]),
  );
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const name = names.get(key);
      if (name === undefined) {
        const near = nearest(key, names.keys());
        const meant = near === undefined ? '' : `; did you mean ${near}?`;
        throw new UsageError(
          `${file}: there is no option ${JSON.stringify(key)} of ${command}${meant}`,
          command,
        );
      }
      return [
        camelCase(name),
        convert(
          `${file}: ${key}`,
          /** @type {import('./options').Option} */ (options.get(name)),
          value,
          command,
        ),
      ];
    }),
  );
}

/**
 * @param {string} file
 * @param {string} command
 * @returns {Record<string, unknown>}
 */
function readObject(file, command) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--config: ${/** @type {Error} */ (error).message}`, command);
  }
  let given;
  try {
    given = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new UsageError(`${file}: not JSON: ${/** @type {Error} */ (error).message}`, command);
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new UsageError(`${file}: expected an object of options, such as { "model": "span-4x" }`, command);
  }
  return given;
}

module.exports = { readConfig };

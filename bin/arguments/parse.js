// @ts-check
'use strict';

const { parseArgs } = require('node:util');
const { COMMANDS, allOptions, optionsOf } = require('./commands');
const { nearest } = require('./nearest');
const { UsageError } = require('./usage-error');
const { convert } = require('./values');

/**
 * @typedef {import('./commands').Invocation} Invocation
 * @typedef {{ kind: string, name?: string, rawName?: string, value?: string, inlineValue?: boolean, index: number }} Token
 */

/** What comes first may be a command or a picture; with none named, pictures are upscaled. */
const DEFAULT_COMMAND = 'upscale';

/**
 * Reads a command line: Node's own parser splits it, the tables say what is right.
 *
 * @param {string[]} args without the program's name
 * @returns {Invocation}
 * @throws {UsageError} that names what was meant, as far as that can be told
 */
function parse(args) {
  const { tokens } = parseArgs({
    args,
    options: Object.fromEntries([...allOptions()].map(([name, option]) => [name, forNode(option)])),
    // Node's messages know neither commands nor what is nearest.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const { command, operands } = findCommand(/** @type {Token[]} */ (tokens));
  /** @type {Record<string, unknown>} */
  const options = {};
  for (const token of /** @type {Token[]} */ (tokens)) {
    if (token.kind !== 'option') continue;
    const [name, value] = readOption(token, command);
    options[camelCase(name)] = value;
  }
  return { command: command ?? DEFAULT_COMMAND, operands, options };
}

/**
 * @param {import('./options').Option} option
 * @returns {{ type: 'boolean' | 'string', short?: string }}
 */
function forNode({ kind, short }) {
  return { type: kind === 'flag' ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) };
}

/** @param {Token[]} tokens */
function findCommand(tokens) {
  const end = tokens.find(({ kind }) => kind === 'option-terminator')?.index ?? Infinity;
  const positionals = tokens.filter(({ kind }) => kind === 'positional');
  const values = positionals.map(({ value }) => /** @type {string} */ (value));
  const [first] = positionals;
  const isCommand = first !== undefined && first.index < end && Object.hasOwn(COMMANDS, values[0]);
  return isCommand
    ? { command: values[0], operands: values.slice(1) }
    : { command: undefined, operands: values };
}

/**
 * @param {Token} token
 * @param {string | undefined} named the command, if one was named
 * @returns {[string, unknown]}
 */
function readOption({ name: given = '', rawName = '', value, inlineValue }, named) {
  const command = named ?? DEFAULT_COMMAND;
  const all = allOptions();
  const negated = /^no-(.+)$/.exec(given)?.[1];
  const name = negated !== undefined && all.get(negated)?.kind === 'flag' ? negated : given;
  if (!all.has(name)) throw unknownOption(rawName, command);
  const option = optionsOf(command).get(name);
  if (option === undefined) throw foreignOption(rawName, name, command);
  if (option.kind === 'flag') {
    if (value !== undefined)
      throw new UsageError(`${rawName} takes no value but was given ${value}`, command);
    return [name, name === given];
  }
  const wanted = `--${name} <${option.value}>`;
  if (value === undefined) throw new UsageError(`${rawName} wants a value: ${wanted}`, command);
  if (!inlineValue && /^-./.test(value) && !/^-[\d.]/.test(value)) {
    throw new UsageError(
      `${rawName} wants a value: ${wanted}, but ${value} follows (if you mean a name that starts with a dash: --${name}=${value})`,
      command,
    );
  }
  return [name, convert(`--${name}`, option, value, command)];
}

/**
 * @param {string} rawName
 * @param {string} command
 */
function unknownOption(rawName, command) {
  const dashed = (/** @type {Map<string, unknown>} */ options) =>
    [...options.keys()].map((name) => `--${name}`);
  const near = nearest(rawName, dashed(optionsOf(command))) ?? nearest(rawName, dashed(allOptions()));
  const file = rawName.startsWith('--') ? '' : ` (a file of this name: ./${rawName})`;
  const hint = near === undefined ? file : `; did you mean ${near}?`;
  return new UsageError(`there is no option ${rawName}${hint}`, command);
}

/**
 * @param {string} rawName
 * @param {string} name
 * @param {string} command
 */
function foreignOption(rawName, name, command) {
  const owners = Object.keys(COMMANDS).filter((other) => COMMANDS[other].options.includes(name));
  return new UsageError(`${rawName} is an option of ${owners.join(' and ')}, not of ${command}`, command);
}

/**
 * Whether there are as many operands as the command takes.
 *
 * @param {Invocation} invocation
 */
function checkOperands({ command, operands }) {
  const { least, most, operands: shown } = COMMANDS[command];
  if (operands.length < least) throw new UsageError(`${command} wants ${shown}`, command);
  if (operands.length > most) {
    const expected = most === 0 ? 'nothing more' : shown;
    throw new UsageError(
      `${command} wants ${expected} but ${operands.slice(most).join(' ')} follows`,
      command,
    );
  }
}

/** @param {string} name `skip-existing` */
function camelCase(name) {
  return name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}

module.exports = { parse, checkOperands, camelCase };

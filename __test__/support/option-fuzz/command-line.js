'use strict';

const { COMMANDS, allOptions } = require('../../../bin/arguments/commands');

/**
 * Command lines and configuration files that a seed chooses: real options with values of their own and of no option, in the
 * ways in which they can be written, among words that mean nothing.
 *
 * @typedef {import('./random').Random} Random
 */

const WORDS = [
  ...[
    '',
    ' ',
    '-',
    '--',
    '---',
    '-=',
    '--=',
    '--=x',
    '=',
    '-o',
    '-rn',
    '-qx',
    '--no-',
    '--no-help',
    '--__proto__',
  ],
  ...[
    'constructor',
    '__proto__',
    'toString',
    '-__proto__',
    '--constructor=1',
    '{name}',
    '{constructor}',
    '{',
    '*',
    '[!',
  ],
  ...[
    'a.png',
    './a.png',
    'missing.png',
    '../',
    '/',
    '/dev/null',
    '~',
    '%',
    '\\',
    '"',
    "'",
    '\n',
    '\t',
    '\x1b[2J',
  ],
  ...[
    '\ud800',
    '🙂',
    '\u202e',
    'é',
    'x'.repeat(5000),
    '@x/../../a.png',
    'file:///a.png',
    'http://127.0.0.1:9/',
  ],
  ...[
    '0',
    '-0',
    '-1',
    '1',
    '2',
    '.5',
    '1e3',
    '1e999',
    '0x10',
    'NaN',
    'Infinity',
    '2147483648',
    '9007199254740993',
  ],
];

/** @type {Record<import('../../../bin/arguments/options').Option['kind'], string[]>} */
const GOOD = {
  flag: ['true'],
  text: ['#ff8000', '8,16', '0,0,4,4', 'photo'],
  integer: ['1', '8', '64'],
  number: ['1', '2.5'],
  choice: ['png', 'cover', 'none', '8'],
  file: ['out.png', 'out/'],
  folder: ['.'],
  model: ['span-2x', './missing.onnx'],
  models: ['span-2x', 'span-2x,fast-2x'],
};

/** @param {Random} random @param {string[]} commands to choose from @returns {string[]} */
function commandLine(random, commands) {
  const command = random.pick(commands);
  const options = random.chance(0.8) ? COMMANDS[command].options : [...allOptions().keys()];
  const words = Array.from({ length: random.below(6) }, () => {
    if (random.chance(0.25)) return [random.pick(WORDS)];
    return written(random, random.pick([...options, 'overwrite', 'quiet']));
  });
  const named = random.chance(0.8) ? [command] : [];
  const operands = random.chance(0.7) ? [random.pick(['a.png', 'span-2x', 'bash'])] : [];
  return [...named, ...words.flat(), ...operands];
}

/** @param {Random} random @param {string} name @returns {string[]} */
function written(random, name) {
  const option = allOptions().get(name);
  if (option === undefined) return [`--${name}`];
  const value = valueOf(random, option);
  const long = random.chance(0.1) ? name.slice(0, -1) : random.chance(0.1) ? `no-${name}` : name;
  if (option.kind === 'flag' && random.chance(0.9)) return [`--${long}`];
  if (option.short !== undefined && random.chance(0.3)) return [`-${option.short}${value}`];
  return random.chance(0.5) ? [`--${long}=${value}`] : [`--${long}`, value];
}

/** @param {Random} random @param {import('../../../bin/arguments/options').Option} option @returns {string} */
function valueOf(random, { kind, choices = [] }) {
  return random.chance(0.4) ? random.pick(WORDS) : random.pick([...choices, ...GOOD[kind]]);
}

/** What JSON can hold and no option is meant to be. */
const JSON_VALUES = [
  ...[
    'null',
    'true',
    '-1',
    '1e999',
    '[]',
    '[[]]',
    '[null]',
    '{}',
    '{ "toString": 1 }',
    '[{ "toString": null }]',
  ],
  ...['{ "__proto__": { "polluted": 1 } }', '"__proto__"', '""', '"\\ud800"', '"\\u0000"'],
  ...[`${'['.repeat(20_000)}${']'.repeat(20_000)}`, `"${'x'.repeat(1e5)}"`],
];

/** @param {Random} random @param {string} command @returns {string} the text of a configuration file */
function configuration(random, command) {
  const fields = random.some([...COMMANDS[command].options, '__proto__', 'constructor', 'qualty'], 4);
  const lines = fields.map((name) => {
    const option = allOptions().get(name);
    const text =
      option && random.chance(0.5) ? JSON.stringify(valueOf(random, option)) : random.pick(JSON_VALUES);
    return `${JSON.stringify(name)}: ${text}`;
  });
  const text = `{ ${lines.join(', ')} }`;
  return random.chance(0.1) ? text.slice(0, random.below(text.length)) : text;
}

module.exports = { commandLine, configuration };

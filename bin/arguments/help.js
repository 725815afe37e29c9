// @ts-check
'use strict';

const { wrap } = require('../terminal/text');
const { COMMANDS, COMMON, optionsOf } = require('./commands');

/** Examples first: most people want one of these. The whole fits a terminal of 80 by 24. */
function mainHelp() {
  const commands = Object.entries(COMMANDS).map(
    ([name, { summary }]) => /** @type {[string, string]} */ ([name, summary]),
  );
  return `Upscales pictures with neural networks.

${columns([
  ['upscaler-node photo.jpg', 'writes photo@2x.jpg beside it'],
  ['upscaler-node photo.jpg -s 4 -o large.png', 'four times as large, as PNG'],
  ['upscaler-node photos/ -o out/ --width 2400', 'a folder, into another'],
  ['cat in.png | upscaler-node - > out.png', 'from and to a pipe'],
])}

Commands:
${columns(commands)}

Most used:  -o where   -m model   -s scale   -f format   -q quality
All options: upscaler-node upscale --help (and so for each command)`;
}

/** @param {string} command */
function commandHelp(command) {
  const { summary, operands, options, examples, notes } = COMMANDS[command];
  const name = command === 'upscale' ? '[upscale]' : command;
  const parts = [
    `${summary[0].toUpperCase()}${summary.slice(1)}.`,
    columns(examples),
    wrap(
      `Usage: upscaler-node ${[name, operands, options.length > 0 ? '[options]' : ''].filter(Boolean).join(' ')}`,
      WIDTH,
    ).join('\n'),
  ];
  if (options.length > 0)
    parts.push(
      columns([...optionsOf(command)].filter(([option]) => !COMMON.includes(option)).map(optionRow)),
    );
  if (notes !== undefined) parts.push(...notes.map((note) => wrap(note, WIDTH).join('\n')));
  return parts.join('\n\n');
}

/**
 * @param {[string, import('./options').Option]} option
 * @returns {[string, string]}
 */
function optionRow([name, { short, value, choices, negatable, help }]) {
  const shown = value === undefined ? '' : ` <${value}>`;
  const listed = choices === undefined ? help : `${help}: ${choices.join(', ')}`;
  return [
    `${short === undefined ? '    ' : `-${short}, `}--${negatable ? '[no-]' : ''}${name}${shown}`,
    listed,
  ];
}

/** Columns of the narrowest terminal that is in use. */
const WIDTH = 80;
/** What is longer gets its explanation on a line of its own. */
const WIDEST_LEFT = 44;

/** @param {[string, string][]} rows */
function columns(rows) {
  const lengths = rows.map(([left]) => left.length).filter((length) => length <= WIDEST_LEFT);
  const width = Math.max(0, ...lengths);
  const indent = 2 + width + 2;
  return rows
    .map(([left, right]) => {
      const lines = wrap(right, WIDTH - indent);
      const hanging = lines.map((line) => ' '.repeat(indent) + line);
      if (left.length > width) return [`  ${left}`, ...hanging].join('\n');
      return [`  ${left.padEnd(width)}  ${lines[0]}`.trimEnd(), ...hanging.slice(1)].join('\n');
    })
    .join('\n');
}

module.exports = { mainHelp, commandHelp };

// @ts-check
'use strict';

const { COMMANDS, COMMON } = require('./commands');
const { OPTIONS } = require('./options');

/** Examples first: most people want one of these. The whole fits a terminal of 80 by 24. */
function mainHelp() {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => /** @type {[string, string]} */ ([name, summary]));
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
    `Usage: upscaler-node ${[name, operands, options.length > 0 ? '[options]' : ''].filter(Boolean).join(' ')}`,
  ];
  if (options.length > 0) parts.push(columns(options.map(optionRow)));
  else parts.push(columns(COMMON.slice(0, 1).map(optionRow)));
  if (notes !== undefined) parts.push(notes);
  return parts.join('\n\n');
}

/**
 * @param {string} name
 * @returns {[string, string]}
 */
function optionRow(name) {
  const { short, value, choices, help } = OPTIONS[name];
  const shown = value === undefined ? '' : ` <${value}>`;
  const listed = choices === undefined ? help : `${help}: ${choices.join(', ')}`;
  return [`${short === undefined ? '    ' : `-${short}, `}--${name}${shown}`, listed];
}

/** @param {[string, string][]} rows */
function columns(rows) {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd()).join('\n');
}

module.exports = { mainHelp, commandHelp };

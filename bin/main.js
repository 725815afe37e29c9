// @ts-check
'use strict';

const { COMMANDS } = require('./arguments/commands');
const { checkOperands, parse } = require('./arguments/parse');
const { UsageError } = require('./arguments/usage-error');
const { OutputError, guardStreams, print, say } = require('./terminal/output');
const { showName } = require('./terminal/text');

/** All done; some of it failed; a mistake in the command. Signals have their own: 130 for Ctrl-C. */
const EXIT = { done: 0, failed: 1, usage: 2 };

/** What the shell's completion calls, with the words so far; not for people. */
const COMPLETE = '__complete';

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function main(args) {
  guardStreams();
  // Node would show the library's warnings in its own way; commands that run the library show them in theirs.
  process.removeAllListeners('warning');
  try {
    return (await dispatch(args)) ?? EXIT.done;
  } catch (error) {
    return complain(error);
  }
}

/** @param {string[]} args */
async function dispatch(args) {
  if (args[0] === COMPLETE) return require('./completion/complete').run(args.slice(1));
  const { mainHelp, commandHelp } = require('./arguments/help');
  if (args.length === 0) {
    say(mainHelp());
    return EXIT.usage;
  }
  const invocation = parse(args);
  const { command, operands, options } = invocation;
  if (options.version) return print(require('../package.json').version);
  if (options.help) {
    const named = args.includes(command) || operands.length > 0;
    return print(named ? commandHelp(command) : mainHelp());
  }
  if (command === 'upscale') checkMisspelt(args, operands);
  checkOperands(invocation);
  return COMMANDS[command].load()(invocation);
}

/**
 * A word that is no file, where a command may stand, is most likely a command.
 *
 * @param {string[]} args
 * @param {string[]} operands
 */
function checkMisspelt(args, [first]) {
  const fs = require('node:fs');
  const { nearest } = require('./arguments/nearest');
  if (first === undefined || args.includes('upscale') || !/^[a-z-]+$/i.test(first) || first === '-') return;
  if (fs.existsSync(first)) return;
  const near = nearest(first, Object.keys(COMMANDS));
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  throw new UsageError(`there is no file and no command ${first}${meant}`);
}

/**
 * @param {unknown} error
 * @returns {number} the exit code
 */
function complain(error) {
  if (error instanceof UsageError) {
    say(`upscaler-node: ${showName(error.message)}`);
    say(`Try: upscaler-node ${error.command === undefined ? '' : `${error.command} `}--help`);
    return EXIT.usage;
  }
  // A list that is cut short by its reader (| head) is no failure.
  if (error instanceof OutputError && error.code === 'EPIPE') return EXIT.done;
  const { code, message, stack } = /** @type {Error & { code?: string }} */ (error);
  say(`upscaler-node: ${code === undefined && !(error instanceof OutputError) ? (stack ?? error) : message}`);
  if (code === 'ERR_UPSCALER_RUNTIME_LOAD') say('upscaler-node doctor tells more.');
  return EXIT.failed;
}

module.exports = { main };

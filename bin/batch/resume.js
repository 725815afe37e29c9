// @ts-check
'use strict';

/**
 * How to go on with a batch that was stopped: results are whole or not there, so those that exist can be left out.
 *
 * @param {string[]} operands
 * @param {Record<string, any>} options
 */
function resumeCommand(operands, { skipExisting, overwrite }) {
  if (operands.includes('-')) return '';
  if (overwrite)
    return 'To go on, run the same command; with --skip-existing in place of --overwrite it leaves out what exists';
  if (skipExisting) return 'To go on, run the same command again';
  const args = [...process.argv.slice(2), '--skip-existing'];
  const end = args.indexOf('--');
  // After -- everything is a name.
  if (end >= 0) args.splice(end, 0, /** @type {string} */ (args.pop()));
  return `To go on:\n  upscaler-node ${args.map(quote).join(' ')}`;
}

/** @param {string} word for a shell */
function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

module.exports = { resumeCommand };

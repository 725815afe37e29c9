// @ts-check
'use strict';

const { COMMANDS, optionsOf } = require('../arguments/commands');
const { print } = require('../terminal/output');

/**
 * What may stand where the cursor is. The shells' scripts call this and show what it prints: a line for each
 * candidate, with its description after a tab; `:files` and `:folders` ask the shell for names of its own.
 *
 * @typedef {import('../arguments/options').Option} Option
 * @typedef {{ value: string, description?: string }} Candidate
 */

const FILES = { value: ':files' };
const FOLDERS = { value: ':folders' };
const SHELLS = ['bash', 'zsh', 'fish'];

/** @param {string[]} words after the program's name, the last being the one that is typed */
async function run(words) {
  const lines = complete(words).map(({ value, description = '' }) => `${value}\t${description}`);
  if (lines.length > 0) await print(lines.join('\n'));
}

/**
 * @param {string[]} words
 * @returns {Candidate[]}
 */
function complete(words) {
  const { before, current, assigned } = split(words);
  const command = before.find((word) => Object.hasOwn(COMMANDS, word));
  const options = optionsOf(command ?? 'upscale');
  const wanting = optionCalled(options, assigned ?? before[before.length - 1]);
  if (wanting !== undefined && wanting.kind !== 'flag') return keep(valuesOf(wanting, current), current);
  const inline = /^((--[a-z-]+)=)(.*)$/.exec(current);
  const named = inline === null ? undefined : optionCalled(options, inline[2]);
  if (inline !== null && named !== undefined) {
    const [, prefix, , typed] = inline;
    const values = keep(valuesOf(named, typed), typed);
    return values.map(({ value, ...rest }) => ({
      value: isRequest(value) ? value : prefix + value,
      ...rest,
    }));
  }
  if (current.startsWith('-')) {
    const names = [...options].flatMap(([name, { help, negatable }]) =>
      (negatable ? [name, `no-${name}`] : [name]).map((each) => ({ value: `--${each}`, description: help })),
    );
    return keep(names, current);
  }
  return keep(operandsOf(command), current);
}

/**
 * bash splits words at `=`, the others do not.
 *
 * @param {string[]} words
 * @returns {{ before: string[], current: string, assigned?: string }} `assigned`: what stands before the `=`
 */
function split(words) {
  const current = words[words.length - 1] ?? '';
  const before = words.slice(0, -1);
  if (current === '=') return { before, current: '', assigned: before[before.length - 1] };
  if (before[before.length - 1] !== '=') return { before, current };
  return { before, current, assigned: before[before.length - 2] };
}

/**
 * @param {Map<string, Option>} options
 * @param {string} [word] `--fit` or `-f`
 * @returns {Option | undefined}
 */
function optionCalled(options, word = '') {
  if (word.startsWith('--')) return options.get(word.slice(2));
  return [...options.values()].find(({ short }) => short !== undefined && word === `-${short}`);
}

/**
 * @param {Option} option
 * @param {string} typed
 * @returns {Candidate[]}
 */
function valuesOf({ kind, choices }, typed) {
  switch (kind) {
    case 'choice':
      return (choices ?? []).map((value) => ({ value }));
    case 'model':
      return [...models(), FILES];
    case 'models': {
      const done = typed.slice(0, typed.lastIndexOf(',') + 1);
      return models().map(({ value, description }) => ({ value: done + value, description }));
    }
    case 'file':
      return [FILES];
    case 'folder':
      return [FOLDERS];
    default:
      return [];
  }
}

/**
 * @param {string | undefined} command
 * @returns {Candidate[]}
 */
function operandsOf(command) {
  switch (command) {
    case undefined:
      return [
        ...Object.entries(COMMANDS).map(([value, { summary }]) => ({ value, description: summary })),
        FILES,
      ];
    case 'upscale':
    case 'compare':
      return [FILES];
    case 'info':
    case 'convert':
    case 'quantize':
      return [...models(), FILES];
    case 'bench':
    case 'models':
      return models();
    case 'completion':
      return SHELLS.map((value) => ({ value }));
    default:
      return [];
  }
}

function models() {
  const { entries } = require('../../lib/catalogue');
  return entries.map(({ id, scale, domain }) => ({ value: id, description: `${scale}x, ${domain}` }));
}

/**
 * @param {Candidate[]} candidates
 * @param {string} typed
 */
function keep(candidates, typed) {
  return candidates.filter(({ value }) => isRequest(value) || value.startsWith(typed));
}

/** @param {string} value */
function isRequest(value) {
  return value.startsWith(':');
}

module.exports = { run, complete, SHELLS };

// @ts-check
'use strict';

const { COMMANDS, optionsOf } = require('../arguments/commands');
const { OPTIONS } = require('../arguments/options');
const { print } = require('../terminal/output');

/**
 * What may stand where the cursor is. The shells' scripts call this and show what it prints: a line for each
 * candidate, with its description after a tab; `:files` and `:folders` ask the shell for names of its own.
 *
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
  const wanting = assigned ?? optionCalled(before[before.length - 1]);
  if (wanting !== undefined && OPTIONS[wanting].kind !== 'flag') {
    return keep(valuesOf(wanting, current), current);
  }
  const inline = /^(--([a-z-]+)=)(.*)$/.exec(current);
  if (inline !== null && Object.hasOwn(OPTIONS, inline[2])) {
    const [, prefix, name, typed] = inline;
    const values = keep(valuesOf(name, typed), typed);
    return values.map(({ value, ...rest }) => ({
      value: isRequest(value) ? value : prefix + value,
      ...rest,
    }));
  }
  if (current.startsWith('-')) {
    const options = optionsOf(command ?? 'upscale').map((name) => ({
      value: `--${name}`,
      description: OPTIONS[name].help,
    }));
    return keep(options, current);
  }
  return keep(operandsOf(command), current);
}

/**
 * bash splits words at `=`, the others do not.
 *
 * @param {string[]} words
 * @returns {{ before: string[], current: string, assigned?: string }} `assigned`: the option whose value is typed
 */
function split(words) {
  const current = words[words.length - 1] ?? '';
  const before = words.slice(0, -1);
  if (current === '=')
    return { before: before.slice(0, -1), current: '', assigned: optionCalled(before[before.length - 1]) };
  if (before[before.length - 1] !== '=') return { before, current };
  return { before: before.slice(0, -2), current, assigned: optionCalled(before[before.length - 2]) };
}

/** @param {string | undefined} word */
function optionCalled(word = '') {
  const long = word.startsWith('--') ? word.slice(2) : undefined;
  if (long !== undefined) return Object.hasOwn(OPTIONS, long) ? long : undefined;
  const short = /^-([a-z])$/.exec(word)?.[1];
  return short && Object.keys(OPTIONS).find((name) => OPTIONS[name].short === short);
}

/**
 * @param {string} name
 * @param {string} typed
 * @returns {Candidate[]}
 */
function valuesOf(name, typed) {
  const { kind, choices } = OPTIONS[name];
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

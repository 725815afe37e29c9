'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');

/**
 * Runs Node until it ends.
 *
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeout?: number, command?: string[] }} [options] timeout: milliseconds,
 *   then it is killed; command: what starts Node, as `prlimit` does
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null, stdout: string, stderr: string }>}
 */
async function runNode(args, { cwd, env, timeout, command = [] } = {}) {
  const [file, ...rest] = [...command, process.execPath, ...args];
  const child = spawn(file, rest, { cwd, timeout, env: { ...process.env, NODE_OPTIONS: '', ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [code, signal] = await new Promise((resolve) => child.on('close', (...ended) => resolve(ended)));
  return { code, signal, stdout, stderr };
}

/**
 * Runs Node, and demands that it ends by itself and prints what is expected, and nothing else.
 *
 * @param {string[]} args
 * @param {string} expected
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
async function printsOnly(args, expected, options) {
  const ended = await runNode(args, options);
  assert.deepEqual(
    { ...ended, stdout: ended.stdout.trim() },
    { code: 0, signal: null, stderr: '', stdout: expected },
  );
}

module.exports = { printsOnly, runNode };

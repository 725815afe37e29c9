'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');

/**
 * Runs Node, and demands that it ends by itself and prints what is expected, and nothing else.
 *
 * @param {string[]} args
 * @param {string} expected
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
async function printsOnly(args, expected, { cwd, env } = {}) {
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, NODE_OPTIONS: '', ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [code, signal] = await new Promise((resolve) => child.on('close', (...ended) => resolve(ended)));
  assert.deepEqual(
    { code, signal, stderr, stdout: stdout.trim() },
    { code: 0, signal: null, stderr: '', stdout: expected },
  );
}

module.exports = { printsOnly };

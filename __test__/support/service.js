'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');
const { createInterface } = require('node:readline');

const ROOT = path.join(__dirname, '..', '..');
const SCRIPT = `
  const { runServe } = require('./lib/server/serve');
  runServe(process.argv.slice(1)).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });`;

/**
 * `upscaler-node serve` as a process of its own, for as long as `use` takes.
 *
 * @template T
 * @param {string[]} flags
 * @param {(service: { origin: string, child: import('node:child_process').ChildProcess, log: any[], exited: Promise<number | null> }) => Promise<T>} use
 */
async function withService(flags, use) {
  const args = ['-e', SCRIPT, '--', '--port', '0', ...flags];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const log = [];
  try {
    const origin = await new Promise((resolve, reject) => {
      exited.then((code) => reject(new Error(`Expected a service but it ended with ${code}`)));
      createInterface(child.stdout).on('line', (line) => {
        log.push(JSON.parse(line));
        if (log.at(-1).event === 'listening') resolve(log.at(-1).origin);
      });
    });
    return await use({ origin, child, log, exited });
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

module.exports = { withService };

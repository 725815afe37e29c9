'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after } = require('node:test');

const CLI = path.join(__dirname, '..', '..', 'bin', 'upscaler-node.js');

/** Of a test of what Windows does not have: links for everybody, modes, signals. */
const POSIX = { skip: process.platform === 'win32' };

/** What would change how the program shows things is not inherited. */
const ENVIRONMENT = {
  ...process.env,
  NODE_OPTIONS: '',
  NO_COLOR: undefined,
  LANG: 'C.UTF-8',
  LC_ALL: undefined,
};

/**
 * Starts the program; `child.ended` tells how it went.
 *
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, input?: Uint8Array, stdio?: any, program?: string[] }} [options]
 *   `command`: what is run instead
 */
function start(args, { cwd, env, input, stdio, command } = {}) {
  const [program, ...rest] = command ?? [process.execPath, CLI, ...args];
  const child = spawn(program, rest, { cwd, env: { ...ENVIRONMENT, ...env }, stdio: stdio ?? 'pipe' });
  const read = (stream) => {
    const chunks = [];
    stream?.on('data', (chunk) => chunks.push(chunk));
    return () => Buffer.concat(chunks);
  };
  const [stdout, stderr] = [read(child.stdout), read(child.stderr)];
  if (child.stdin) {
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  }
  const ended = new Promise((resolve) =>
    child.on('close', (code, signal) =>
      resolve({ code, signal, bytes: stdout(), stdout: stdout().toString(), stderr: stderr().toString() }),
    ),
  );
  return Object.assign(child, { ended });
}

/**
 * @param {string[]} args
 * @param {Parameters<typeof start>[1]} [options]
 */
function cli(args, options) {
  return start(args, options).ended;
}

/** A folder that is removed when the file's tests are done. */
function temporaryFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-cli-'));
  after(() => fs.rmSync(folder, { recursive: true }));
  let count = 0;
  /** One of its own for each test. @returns {string} */
  return () => {
    const own = path.join(folder, String(++count));
    fs.mkdirSync(own);
    return own;
  };
}

/**
 * Files that hold their names.
 *
 * @param {string} folder
 * @param {string[]} names
 */
function touch(folder, names) {
  for (const name of names) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), name);
  }
  return folder;
}

/** @param {string} folder @returns {string[]} every file in it, hidden ones too, in order */
function filesIn(folder) {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

module.exports = { CLI, POSIX, start, cli, temporaryFolder, touch, filesIn };

'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');

/**
 * Nothing leaves the machine, and nothing is written: ONNX Runtime's library would report to its maker, keep a device id
 * and a database under the user's cache folder and a file in the working directory.
 */

const ROOT = path.join(__dirname, '..');
const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-telemetry-'));
after(() => fs.rmSync(tmp, { recursive: true }));

const UPSCALE = `
  const upscaler = new Upscaler();
  const image = { data: new Uint8Array(3 * 40 * 40), width: 40, height: 40, channels: 3 };
  upscaler.upscale(image).then(() => upscaler.dispose()).then(() => setTimeout(() => {}, 1500))`;

const PROGRAMS = {
  'the main thread': `const Upscaler = require(${JSON.stringify(ROOT)}); ${UPSCALE}`,
  'a worker thread whose environment is a copy': `
    const { Worker } = require('node:worker_threads');
    new Worker(${JSON.stringify(`const Upscaler = require(${JSON.stringify(ROOT)}); ${UPSCALE}`)}, { eval: true })`,
  'a process that only asks for versions': `require(${JSON.stringify(ROOT)}).versions.onnxruntime; setTimeout(() => {}, 1500)`,
};

/** A program in a home and a working directory of its own. */
function run(program, command = []) {
  const home = fs.mkdtempSync(path.join(tmp, 'home-'));
  const cwd = fs.mkdtempSync(path.join(tmp, 'cwd-'));
  const temporary = fs.mkdtempSync(path.join(tmp, 'tmp-'));
  const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, UPSCALER_NODE_CACHE: ___, ...env } = process.env;
  const [file, ...args] = [...command, process.execPath, '-e', program];
  const { status, stderr } = spawnSync(file, args, {
    cwd,
    env: { ...env, HOME: home, TMPDIR: temporary, NODE_OPTIONS: '' },
    encoding: 'utf8',
    timeout: 120_000,
  });
  assert.equal(status, 0, stderr);
  return [home, cwd, temporary];
}

for (const [where, program] of Object.entries(PROGRAMS)) {
  test(`no file is written by ${where}`, () => {
    for (const folder of run(program)) assert.deepEqual(fs.readdirSync(folder, { recursive: true }), []);
  });
}

const strace = spawnSync('strace', ['--version']).status === 0;
/** `npm test` installs it on Linux, so that CI can prove this on every change; other machines may refuse. */
const needed = process.platform === 'linux' && Boolean(process.env.CI);

test(
  'no address is asked for and no connection is made',
  { skip: !strace && !needed && 'strace is not installed' },
  () => {
    assert.ok(strace, 'Expected strace: apt-get install strace');
    const log = path.join(tmp, 'calls');
    run(PROGRAMS['the main thread'], ['strace', '-f', '-qq', '-e', 'trace=%network', '-o', log]);
    // A pair of sockets between threads of the process is no connection.
    const calls = fs.readFileSync(log, 'utf8').split('\n');
    const outward = calls.filter(
      (call) => /\b(socket|connect|sendto|sendmsg|sendmmsg)\(/.test(call) && !call.includes('AF_UNIX'),
    );
    assert.deepEqual(outward, []);
  },
);

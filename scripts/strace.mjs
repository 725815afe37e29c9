/** strace, under which __test__/telemetry.test.js sees every socket that is opened. */
import { spawnSync } from 'node:child_process';
import { ROOT } from './install.mjs';

/** Installs it where apt does so without a question; elsewhere only that test is left out. */
export function installStrace() {
  const has = (/** @type {string} */ program) => spawnSync(program, ['--version']).status === 0;
  if (process.platform !== 'linux' || has('strace')) return;
  const [command, ...before] = process.getuid?.() === 0 ? ['apt-get'] : ['sudo', '-n', 'apt-get'];
  const apt = (/** @type {string[]} */ ...args) =>
    spawnSync(command, [...before, ...args], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', 'strace');
  if (!has('strace')) {
    console.log('\nstrace is not here, and apt-get does not install it: no test looks for connections.');
  }
}

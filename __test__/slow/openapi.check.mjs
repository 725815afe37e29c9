/** The service against its own OpenAPI document, by schemathesis (from PyPI). */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { NEAREST } = require('../support/pixels.js');
const { withService } = require('../support/service.js');

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VENV = path.join(ROOT, '.cache', 'schemathesis');
/** It generates bodies by their schema, and no schema says what a picture is: those are refused, and rightly. */
const NOT_FOR_PICTURES = 'positive_data_acceptance';

function install() {
  const program = path.join(VENV, 'bin', 'schemathesis');
  if (existsSync(program)) return program;
  const run = (command, args) => {
    const { status } = spawnSync(command, args, { stdio: 'inherit' });
    assert.equal(status, 0, `${command} ${args.join(' ')}`);
  };
  run('python3', ['-m', 'venv', VENV]);
  run(path.join(VENV, 'bin', 'pip'), ['install', '--quiet', 'schemathesis==4.*']);
  return program;
}

test('the service does what its OpenAPI document says', async () => {
  const program = install();
  await withService(['--model', NEAREST], async ({ origin }) => {
    const args = [
      'run',
      `${origin}/openapi.json`,
      '--exclude-checks',
      NOT_FOR_PICTURES,
      '--max-examples',
      '40',
    ];
    const child = spawn(program, [...args, '--seed', '1', '--request-timeout', '30'], { stdio: 'inherit' });
    const [status] = await once(child, 'exit');
    assert.equal(status, 0);
    assert.equal((await fetch(`${origin}/healthz`)).status, 200);
  });
});

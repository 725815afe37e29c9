import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { ROOT } from '../../scripts/install.mjs';

test('published to a registry, the packages install and work with every manager, and fail with advice', () => {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/ship/rehearse.mjs'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 40 * 60_000,
  });
  assert.equal(status, 0, stdout);
});

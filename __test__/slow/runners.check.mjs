/**
 * The library in the runners that load it in realms of their own: Jest, and Vitest's pools of threads, processes and vm
 * contexts. They are installed into a folder of their own for this.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../../scripts/install.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'upscaler-runners-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What holds in every realm: the class and the code of errors, and every kind of input. */
const BODY = `
const run = async () => {
  const image = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 };
  const upscaler = new Upscaler({ model: 'span-2x' });
  const png = await upscaler.upscale(image);
  for (const input of [png, new Uint8Array(png), new Uint8Array(png).buffer, new Blob([png]), image]) {
    const { width } = await upscaler.upscale(input, { output: 'raw' });
    if (width < 4) throw new Error('too small');
  }
  const error = await upscaler.upscale(Buffer.from('no picture')).catch((error) => error);
  const all = [error instanceof Error, error instanceof Upscaler.UpscalerError, error.code];
  await upscaler.dispose();
  return all.join();
};
const EXPECTED = 'true,true,ERR_UPSCALER_UNSUPPORTED_FORMAT';
`;

test('Jest and Vitest', (t) => {
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  const installed = spawnSync(
    'npm',
    ['install', '--silent', '--no-audit', '--no-fund', 'jest@30', 'vitest@3'],
    {
      cwd: folder,
      stdio: 'inherit',
    },
  );
  assert.equal(installed.status, 0, 'npm install');
  mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
  symlinkSync(ROOT, path.join(folder, 'node_modules', 'upscaler-node'));
  const cjs = `const Upscaler = require('upscaler-node');${BODY}`;
  writeFileSync(
    path.join(folder, 'one.jest.js'),
    `${cjs}test('errors and inputs', async () => expect(await run()).toBe(EXPECTED), 60000);`,
  );
  writeFileSync(
    path.join(folder, 'two.jest.js'),
    `${cjs}test('again in another realm', async () => expect(await run()).toBe(EXPECTED), 60000);`,
  );
  writeFileSync(
    path.join(folder, 'one.vitest.mjs'),
    `import { expect, test } from 'vitest'; import Upscaler from 'upscaler-node';${BODY}test('errors and inputs', async () => expect(await run()).toBe(EXPECTED), 60000);`,
  );
  const runners = {
    Jest: ['jest', '--testMatch', '**/*.jest.js'],
    ...Object.fromEntries(
      ['threads', 'forks', 'vmThreads'].map((pool) => [
        `Vitest, ${pool}`,
        ['vitest', 'run', '--pool', pool, 'one.vitest.mjs', '--config', 'none.mjs'],
      ]),
    ),
  };
  writeFileSync(path.join(folder, 'none.mjs'), `export default { test: { include: ['*.vitest.mjs'] } };`);
  for (const [name, args] of Object.entries(runners)) {
    const { status, stdout, stderr } = spawnSync('npx', ['--no-install', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${name}\n${stdout}\n${stderr}`);
    t.diagnostic(`${name}: passed`);
  }
});

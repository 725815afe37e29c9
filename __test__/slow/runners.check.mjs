/**
 * The library in the runners that load it in realms of their own: Jest, and Vitest's pools of threads, processes and vm
 * contexts; and in the other runtimes that load Node's addons, Bun and Deno. They are installed into a folder of their own
 * for this.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
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

/** @param {...string} packages */
function install(...packages) {
  const args = ['install', '--silent', '--no-audit', '--no-fund', ...packages];
  assert.equal(spawnSync('npm', args, { cwd: folder, stdio: 'inherit' }).status, 0, 'npm install');
  mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
  const link = path.join(folder, 'node_modules', 'upscaler-node');
  // npm removes what it has not installed.
  if (!existsSync(link)) symlinkSync(ROOT, link);
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const { status, signal, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  assert.deepEqual([status, signal], [0, null], `${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
}

before(() => writeFileSync(path.join(folder, 'package.json'), '{ "private": true }'));

const cpu = process.arch === 'x64' ? { bun: 'x64', deno: 'x64' } : { bun: 'aarch64', deno: 'arm64' };
const OTHERS = {
  Bun: { from: `@oven/bun-linux-${cpu.bun}`, program: 'bin/bun', args: [] },
  Deno: { from: `@deno/linux-${cpu.deno}-glibc`, program: 'deno', args: ['run', '--allow-all'] },
};

for (const [name, { from, program, args }] of Object.entries(OTHERS)) {
  test(name, { skip: process.platform !== 'linux' }, () => {
    install(from);
    const file = 'other.mjs';
    writeFileSync(
      path.join(folder, file),
      `import Upscaler from 'upscaler-node';${BODY}console.log(await run() === EXPECTED ? 'right' : await run());`,
    );
    const stdout = run(path.join(folder, 'node_modules', from, program), [...args, file]);
    assert.match(stdout, /^right$/m);
  });
}

test('Jest and Vitest', (t) => {
  install('jest@30', 'vitest@3');
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
    run('npx', ['--no-install', ...args]);
    t.diagnostic(`${name}: passed`);
  }
});

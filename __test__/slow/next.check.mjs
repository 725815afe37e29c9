/** examples/next in the real Next.js: built, started, asked. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { smallPng } = require('../support/doubled.js');
const { readEvents } = require('../support/events.js');
const { eventually } = require('../support/http.js');

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function run(folder, command, ...args) {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
  const { status } = spawnSync(command, args, { cwd: folder, stdio: 'inherit', env });
  assert.equal(status, 0, `${command} ${args.join(' ')}`);
}

/**
 * What would be installed, with the native part of this machine: Turbopack follows no link out of its folder.
 *
 * @param {string} target
 */
function copyPackage(target) {
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const [{ files }] = Object.values(JSON.parse(packed.stdout));
  const native = readdirSync(ROOT).filter((name) => /\.node$|^libupscaler/.test(name));
  for (const file of [...files.map((entry) => entry.path), ...native]) {
    cpSync(path.join(ROOT, file), path.join(target, file));
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

test('the example runs in Next.js', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'upscaler-next-'));
  cpSync(path.join(ROOT, 'examples', 'next'), folder, { recursive: true });
  // The package itself is this one; the rest comes from the registry.
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  delete manifest.dependencies['upscaler-node'];
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  run(folder, 'npm', 'install', '--no-audit', '--no-fund');
  copyPackage(path.join(folder, 'node_modules', 'upscaler-node'));
  run(folder, 'npx', 'next', 'build');
  const port = await freePort();
  const next = path.join(folder, 'node_modules', 'next', 'dist', 'bin', 'next');
  const server = spawn(process.execPath, [next, 'start', '-p', `${port}`, '-H', '127.0.0.1'], {
    cwd: folder,
    stdio: 'inherit',
  });
  try {
    const origin = `http://127.0.0.1:${port}`;
    await eventually(() =>
      fetch(origin).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    const png = await smallPng();
    const upscaled = await fetch(`${origin}/api/upscale`, { method: 'POST', body: png });
    assert.equal(upscaled.status, 200, await upscaled.clone().text());
    assert.ok((await upscaled.arrayBuffer()).byteLength > 100);
    const refused = await fetch(`${origin}/api/upscale`, {
      method: 'POST',
      body: 'nonsense',
      headers: { 'content-type': 'image/png' },
    });
    assert.equal(refused.status, 415);
    const { links } = await (await fetch(`${origin}/api/jobs`, { method: 'POST', body: png })).json();
    assert.equal((await readEvents(origin + links.events)).at(-1).event, 'done');
    assert.equal((await fetch(origin + links.self)).headers.get('content-type'), 'image/png');
  } finally {
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
});

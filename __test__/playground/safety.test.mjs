import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pattern, withPlayground } from '../support/playground.mjs';

/** Who gets in, what it weighs, and what stays behind. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * As any program may ask: with whatever headers, and a path that no client has tidied.
 *
 * @param {string} base
 * @param {string} path
 * @param {http.RequestOptions & { body?: string }} options
 * @returns {Promise<{ status: number, headers: http.IncomingHttpHeaders, body: string }>}
 */
function ask(base, path, { body, ...options }) {
  return new Promise((resolve, reject) => {
    const request = http.request(base, { path, ...options }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

test('only the page that the terminal opened gets answers', () =>
  withPlayground(async ({ base, token }) => {
    const own = { 'x-playground-token': token };
    const status = async (path, headers, method = 'GET') =>
      (await ask(base, path, { headers, method })).status;
    assert.equal(await status('/api/state', own), 200);
    assert.equal(await status('/api/state', {}), 401, 'without the token');
    assert.equal(await status('/api/state', { 'x-playground-token': `${token}x` }), 401, 'with another');
    assert.equal(
      await status('/api/state', { ...own, origin: 'http://evil.example' }),
      403,
      'for another origin',
    );
    assert.equal(await status('/api/state', { ...own, origin: 'null' }), 403, 'for a sandboxed frame');
    assert.equal(
      await status('/api/state', { ...own, 'sec-fetch-site': 'cross-site' }),
      403,
      'for another site',
    );
    assert.equal(
      await status('/api/state', { ...own, 'sec-fetch-site': 'same-site' }),
      403,
      'for another port',
    );
    assert.equal(await status('/api/state', { ...own, 'sec-fetch-site': 'same-origin', origin: base }), 200);
    assert.equal(await status('/api/samples/photo', own, 'POST'), 403, 'a change without an origin');
    assert.equal(await status('/api/samples/photo', { ...own, origin: base }, 'POST'), 201);
  }));

test('a name that was bound to this machine by somebody else is refused', () =>
  withPlayground(async ({ base, token }) => {
    const { port } = new URL(base);
    const status = async (host) =>
      (await ask(base, '/', { headers: { host } })).status +
      (await ask(base, '/api/state', { headers: { host, 'x-playground-token': token } })).status;
    assert.equal(await status(`127.0.0.1:${port}`), 400);
    assert.equal(await status(`localhost:${port}`), 400);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      `127.0.0.1:${Number(port) + 1}`,
      `127.0.0.1.evil.example:${port}`,
    ]) {
      assert.equal(await status(host), 806, host);
    }
  }));

test('the page may load nothing from elsewhere and run nothing that is not a file of its own', () =>
  withPlayground(async ({ base, token }) => {
    for (const path of ['/', '/main.mjs', '/api/state']) {
      const { headers } = await ask(base, path, { headers: { 'x-playground-token': token } });
      const policy = headers['content-security-policy'];
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /script-src 'self'/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /unsafe|https?:|\*/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.equal(headers['access-control-allow-origin'], undefined);
    }
    const { body } = await ask(base, '/', {});
    assert.doesNotMatch(body, /<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=/, 'nothing inline');
    assert.doesNotMatch(body, /(?:src|href)="(?!\/|#)/, 'no address of another host');
  }));

test('only files of the page can be asked for', () =>
  withPlayground(async ({ base }) => {
    for (const path of [
      '/../index.js',
      '/%2e%2e/index.js',
      '/..%2findex.js',
      '/server/guard.js',
      '/fonts/',
      '//etc/passwd',
      '/main.mjs/../../index.js',
    ]) {
      assert.equal((await ask(base, path, {})).status, 404, path);
    }
    assert.equal((await ask(base, '/', { method: 'POST' })).status, 404);
  }));

test('bodies have limits, and names of files lead nowhere else', async () => {
  const limits = { pictureBytes: 20_000, modelBytes: 1000 };
  await withPlayground(
    async ({ api }) => {
      const large = Buffer.alloc(20_001);
      await assert.rejects(api.open(large, 'large.png'), { status: 413 });
      await assert.rejects(
        api.json('pictures', { method: 'POST', body: new Blob([large]).stream(), duplex: 'half' }),
        { status: 413 },
        'without a length',
      );
      await assert.rejects(api.run({ picture: 'p1', options: 'x'.repeat(70_000) }), { status: 413 });
      await assert.rejects(api.json('runs', { method: 'POST', body: '{' }), { status: 400 });
      const { id } = await api.json('uploads', { method: 'POST' });
      for (const name of ['../x.onnx', '/x.onnx', '.x.onnx', 'a/b.onnx', 'a\\b.onnx', '']) {
        const sent = api.json(`uploads/${id}/files`, {
          method: 'POST',
          body: Buffer.from('x'),
          headers: { 'x-file-name': encodeURIComponent(name) },
        });
        await assert.rejects(sent, { status: 400 }, name);
      }
      const tooLarge = api.json(`uploads/${id}/files`, {
        method: 'POST',
        body: Buffer.alloc(1001),
        headers: { 'x-file-name': 'x.onnx' },
      });
      await assert.rejects(tooLarge, { status: 413 });
      const picture = await api.open(await pattern(20, 20).png().toBuffer(), 'after.png');
      assert.equal(picture.facts.width, 20, 'the next one works');
    },
    { limits },
  );
});

// Windows ends a program without asking it.
const signals = process.platform === 'win32' ? { skip: 'no signals here' } : {};

test(
  'the command says where the page is, and leaves nothing behind when it is interrupted',
  signals,
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'upscaler-test-'));
    const command = fileURLToPath(new URL('../../bin/upscaler-node.js', import.meta.url));
    const child = spawn(process.execPath, [command, 'playground', '--port', '0'], {
      env: { ...process.env, TMPDIR: folder, TEMP: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
      let url;
      while (url === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        url = /http:\/\/127\.0\.0\.1:\d+\/#token=\S+/.exec(said)?.[0];
        assert.equal(child.exitCode, null, said);
      }
      assert.equal((await ask(new URL(url).origin, '/', {})).status, 200);
      assert.equal(readdirSync(folder).length, 1);
      child.kill('SIGINT');
      await once(child, 'exit');
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test('all that was written is gone when the playground is closed', async () => {
  const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('upscaler-playground-'));
  const before = new Set(folders());
  let own;
  await withPlayground(async ({ api }) => {
    own = folders().filter((name) => !before.has(name));
    assert.ok(own.length >= 1);
    const picture = await api.open(await pattern(24, 24).png().toBuffer(), 'x.png');
    const { id } = await api.run({ picture: picture.id, model: { id: 'span-2x' } });
    assert.equal((await api.settled(id)).state, 'done');
    await api.run({ picture: picture.id, model: { id: 'span-4x' } });
  });
  for (const name of own) assert.ok(!existsSync(`${tmpdir()}/${name}`) || before.has(name), name);
});

test('the page and its samples are in the package, and small', () => {
  const { files } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  assert.ok(files.includes('playground'));
  const assets = ['page', 'samples'].flatMap((folder) =>
    readdirSync(path.join(ROOT, 'playground', folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => path.join(parentPath, name)),
  );
  const bytes = assets.reduce((sum, file) => sum + statSync(file).size, 0);
  assert.ok(assets.length > 30 && bytes <= 300_000, `${assets.length} files of ${bytes} bytes`);
});

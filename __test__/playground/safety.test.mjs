import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pattern, withPlayground } from '../support/playground.mjs';

const { nearest } = createRequire(import.meta.url)('../support/onnx.js');

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

/** @param {(folder: string) => Promise<void>} use of a folder for temporary files, which nobody else uses */
async function withFolder(use) {
  const folder = mkdtempSync(path.join(tmpdir(), 'upscaler-test-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  test(`the command says where the page is, and leaves nothing behind after a ${signal}`, signals, () =>
    withFolder(async (folder) => {
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
        child.kill(signal);
        assert.deepEqual(await once(child, 'exit'), [0, null]);
        assert.deepEqual(readdirSync(folder), []);
      } finally {
        child.kill('SIGKILL');
      }
    }),
  );
}

/**
 * A playground whose temporary files are seen, with a model of one's own.
 *
 * @param {(playground: { api: any, model: { id: string }, files: () => string[] }) => Promise<void>} use
 */
function withFiles(use) {
  return withFolder(async (folder) => {
    const before = { TMPDIR: process.env.TMPDIR, TEMP: process.env.TEMP };
    Object.assign(process.env, { TMPDIR: folder, TEMP: folder });
    try {
      await withPlayground(async ({ api }) => {
        const files = () =>
          readdirSync(folder, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map(({ name }) => name)
            .sort();
        await use({ api, model: await addModel(api, nearest()), files });
      });
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });
}

/** @param {any} api @param {Buffer} bytes @returns {Promise<{ id: string }>} */
async function addModel(api, bytes) {
  const { id } = await api.json('uploads', { method: 'POST' });
  const headers = { 'x-file-name': 'mine.onnx' };
  await api.json(`uploads/${id}/files`, { method: 'POST', body: bytes, headers });
  return api.json(`uploads/${id}/model`, { method: 'POST', body: '{}' });
}

test('the files of a run go with it, whether it is over or not', () =>
  withFiles(async ({ api, model, files }) => {
    const picture = await api.open(await pattern(600, 500).png().toBuffer(), 'x.png');
    const before = files();
    const start = () => api.run({ picture: picture.id, model });
    const remove = ({ id }) => api.json(`runs/${id}`, { method: 'DELETE' });
    const done = await start();
    assert.equal((await api.settled(done.id)).state, 'done');
    assert.equal(files().length, before.length + 2, 'its result, and what is shown of it');
    await remove(done);
    assert.deepEqual(files(), before);

    const running = await start();
    const waiting = await start();
    await api.settled(running.id, ({ state }) => state !== 'queued');
    await Promise.all([remove(running), remove(waiting)]);
    const last = await start();
    assert.equal((await api.settled(last.id)).state, 'done');
    await remove(last);
    assert.deepEqual(files(), before);
  }));

test('the files of a picture go when it is no longer kept, and those that cannot be used at once', () =>
  withFiles(async ({ api, model, files }) => {
    const bytes = await pattern(24, 20).png().toBuffer();
    const without = files().length;
    const first = await api.open(bytes, 'first.png');
    const each = files().length - without;
    const { id } = await api.run({ picture: first.id, model });
    assert.equal((await api.settled(id)).state, 'done');
    for (let i = 0; i < 12; i++) await api.open(bytes, `${i}.png`);
    await assert.rejects(api.json(`pictures/${first.id}`), { status: 404 });
    assert.equal(files().length, without + 8 * each, 'eight are kept');

    const before = files();
    await assert.rejects(api.open(Buffer.from('no picture'), 'x.png'), { status: 422 });
    await assert.rejects(addModel(api, Buffer.from('no network')), { status: 422 });
    assert.deepEqual(files(), before);
  }));

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

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { test, before } = require('node:test');
const { SERVE_FLAGS, parseServeFlags, serveHelp, toServeConfig } = require('../../lib/server/serve-flags');
const { start } = require('../../lib/server/serve');
const { NEAREST } = require('../support/pixels');
const { assertDoubled, largePng, noisyPng, smallPng } = require('../support/doubled');
const { readEvents } = require('../support/events');
const { eventually, read, request, unread } = require('../support/http');
const { withService } = require('../support/service');

const post = { method: 'POST', headers: { accept: 'application/json', 'content-type': 'image/png' } };

let png;
before(async () => {
  png = await smallPng();
});

test('the service upscales, describes itself, and logs what it answered', async () => {
  await withService(['--model', NEAREST], async ({ origin, log }) => {
    const response = await fetch(`${origin}/upscale`, { method: 'POST', body: png });
    await assertDoubled(Buffer.from(await response.arrayBuffer()));
    assert.equal(response.headers.get('content-disposition'), 'inline; filename="picture-24.png"');

    const added = await fetch(`${origin}/jobs?scale=2`, { method: 'POST', body: png });
    const { links } = await added.json();
    await readEvents(new URL(links.events, origin).href);
    await assertDoubled(Buffer.from(await (await fetch(new URL(links.self, origin))).arrayBuffer()));

    const document = await (await fetch(`${origin}/openapi.json`)).json();
    assert.deepEqual(Object.keys(document.paths), [
      '/upscale',
      '/jobs',
      '/jobs/{id}',
      '/jobs/{id}/events',
      '/healthz',
      '/readyz',
    ]);
    const example = document.paths['/upscale'].post.requestBody.content['application/json'].example;
    const headers = { 'content-type': 'application/json' };
    const tried = await fetch(`${origin}/upscale`, {
      method: 'POST',
      headers,
      body: JSON.stringify(example),
    });
    assert.equal(tried.status, 200, await tried.clone().text());
    assert.match(
      await (await fetch(`${origin}/metrics`)).text(),
      /upscaler_pictures_total\{route="upscale",status="200"\} 2/,
    );

    await eventually(() => log.filter(({ event }) => event === 'request').length >= 6);
    const { time, ms, ...rest } = log.find(({ path }) => path === '/upscale');
    assert.ok(Date.parse(time) > 0 && ms >= 0);
    assert.deepEqual([rest.level, rest.method, rest.status, rest.bytesIn], ['info', 'POST', 200, png.length]);
    assert.ok(rest.bytesOut > 0 && rest.model);
  });
});

test('its page has a policy that allows its own script alone, and paths that are not there are 404', async () => {
  await withService(['--model', NEAREST], async ({ origin }) => {
    const page = await fetch(origin);
    assert.match(page.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self';/);
    const html = await page.text();
    assert.doesNotMatch(html, /<script(?! src="page.js")|style="| on\w+="/);
    for (const [file, type] of [
      ['page.js', 'text/javascript'],
      ['page.css', 'text/css'],
    ]) {
      const response = await fetch(`${origin}/${file}`);
      assert.ok(response.headers.get('content-type').startsWith(type));
      const etag = response.headers.get('etag');
      assert.equal((await fetch(`${origin}/${file}`, { headers: { 'if-none-match': etag } })).status, 304);
    }
    assert.equal((await fetch(`${origin}/../package.json`)).status, 404);
    assert.equal((await fetch(`${origin}/__proto__`)).status, 404);
    const posted = await fetch(`${origin}/healthz`, { method: 'POST' });
    assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD, OPTIONS']);
    assert.equal((await fetch(origin, { method: 'HEAD' })).status, 200);
  });
});

test('a token guards pictures and jobs, and CORS opens them to one origin', async () => {
  const flags = ['--model', NEAREST, '--token', 'secret', '--cors', 'https://app.example'];
  await withService(flags, async ({ origin }) => {
    const ask = (headers) => fetch(`${origin}/upscale`, { method: 'POST', body: png, headers });
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'secret' }]) {
      const refused = await ask(headers);
      assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer']);
    }
    assert.equal((await fetch(`${origin}/jobs/0123456789abcdef`)).status, 401);
    assert.equal((await fetch(`${origin}/healthz`)).status, 200);
    const authorization = 'Bearer secret';
    const allowed = await ask({ authorization, origin: 'https://app.example' });
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://app.example');
    assert.equal(allowed.headers.get('vary'), 'Accept, Origin');
    const stranger = await ask({ authorization, origin: 'https://other.example' });
    assert.equal(stranger.headers.get('access-control-allow-origin'), null);
    const preflight = await fetch(`${origin}/upscale`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    });
    assert.deepEqual(
      [preflight.status, preflight.headers.get('access-control-allow-methods')],
      [204, 'GET, POST, DELETE'],
    );
  });
});

test('SIGTERM: what was taken is finished, new pictures are refused, then it ends', async () => {
  await withService([], async ({ origin, child, log, exited }) => {
    const large = await largePng(300);
    const taken = fetch(`${origin}/upscale`, { method: 'POST', body: large });
    const added = await (await fetch(`${origin}/jobs`, { method: 'POST', body: large })).json();
    await eventually(async () => (await (await fetch(`${origin}/readyz`)).json()).running > 0);
    child.kill('SIGTERM');
    await eventually(() => log.some(({ event }) => event === 'draining'));
    assert.equal((await fetch(`${origin}/readyz`)).status, 503);
    const refused = await fetch(`${origin}/upscale`, { method: 'POST', body: png });
    assert.equal((await refused.json()).code, 'ERR_UPSCALER_DISPOSED');
    const response = await taken;
    assert.equal(response.status, 200);
    assert.ok((await response.arrayBuffer()).byteLength > 1000);
    // The result of a job is still fetched.
    await readEvents(new URL(added.links.events, origin).href);
    assert.equal((await fetch(new URL(added.links.self, origin))).status, 200);
    assert.equal(await exited, 0);
    assert.equal(log.at(-1).event, 'stopped');
  });
});

test('SIGTERM: what is being sent is sent to its end', async () => {
  const large = await noisyPng(1600);
  await withService(['--model', NEAREST], async ({ origin, child, log, exited }) => {
    const { links } = JSON.parse((await request(`${origin}/jobs?scale=1`, post, (c) => c.end(large))).body);
    assert.equal((await readEvents(origin + links.events)).at(-1).event, 'done');
    const answers = [
      await unread(`${origin}/upscale?scale=1`, post, large),
      await unread(origin + links.self),
    ];
    child.kill('SIGTERM');
    await eventually(() => log.some(({ event }) => event === 'draining'));
    // Time for a service that does not wait to end.
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (const answer of answers) {
      assert.equal((await read(answer)).length, Number(answer.headers['content-length']));
    }
    assert.equal(await exited, 0);
    assert.ok(!log.some(({ event }) => event === 'drain-timeout'));
  });
});

test('SIGTERM: the time for what is being sent is limited', async () => {
  const large = await noisyPng(1600);
  await withService(
    ['--model', NEAREST, '--drain-timeout', '200'],
    async ({ origin, child, log, exited }) => {
      const answer = await unread(`${origin}/upscale?scale=1`, post, large);
      child.kill('SIGTERM');
      assert.equal(await exited, 0);
      await assert.rejects(read(answer), { code: 'ECONNRESET' });
      assert.ok(log.some(({ event }) => event === 'drain-timeout'));
      assert.ok(log.some(({ path, status }) => path === '/upscale' && status === 499));
    },
  );
});

test('SIGTERM: the time for what was taken is limited', async () => {
  await withService(['--drain-timeout', '100'], async ({ origin, child, log, exited }) => {
    const large = await largePng(1500);
    const taken = fetch(`${origin}/upscale`, { method: 'POST', body: large });
    await eventually(async () => (await (await fetch(`${origin}/readyz`)).json()).running > 0);
    child.kill('SIGTERM');
    const response = await taken;
    assert.deepEqual([response.status, (await response.json()).code], [503, 'ERR_UPSCALER_DISPOSED']);
    assert.equal(await exited, 0);
    assert.ok(log.some(({ event }) => event === 'drain-timeout'));
  });
});

test('a client that asks before it sends is refused before it sends', async () => {
  await withService(['--model', NEAREST, '--max-bytes', '1000'], async ({ origin }) => {
    const headers = { expect: '100-continue', 'content-length': 1_000_000 };
    let continued = false;
    const refused = await request(`${origin}/upscale`, { method: 'POST', headers }, (client) => {
      client.on('continue', () => (continued = true));
      client.flushHeaders();
    });
    assert.deepEqual([refused.status, continued], [413, false]);
    const sent = await request(
      `${origin}/upscale`,
      { method: 'POST', headers: { expect: '100-continue', 'content-length': png.length } },
      (client) => client.on('continue', () => client.end(png)).flushHeaders(),
    );
    assert.equal(sent.status, 200);
  });
});

test('requests that are no HTTP do no harm', async () => {
  await withService(['--model', NEAREST], async ({ origin }) => {
    const { port } = new URL(origin);
    const attempts = [
      'nonsense\r\n\r\n',
      'POST /upscale HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n',
      'GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n',
    ];
    for (const text of attempts) {
      const socket = net.connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      socket.end(text);
      socket.resume();
      await once(socket, 'close');
    }
    assert.equal((await fetch(`${origin}/healthz`)).status, 200);
  });
});

test('nothing starts with settings of the process that are out of range', async () => {
  for (const flags of [{ threads: '0', 'max-memory': '1000000' }, { 'max-memory': '0' }]) {
    await assert.rejects(start({ port: '0', ...flags }, {}), { code: 'ERR_INVALID_ARG_VALUE' });
  }
});

test('flags come from the command line, then the environment, then their defaults', () => {
  const env = {
    PORT: '8080',
    UPSCALER_MODELS: 'span-2x, span-4x',
    UPSCALER_TELEMETRY: 'true',
    UPSCALER_TOKEN: '',
  };
  const config = toServeConfig(parseServeFlags(['--port', '9090', '--max-scale', '2.5']), env);
  assert.deepEqual(
    [config.port, config['max-scale'], config.models, config.telemetry, config.token, config.host],
    [9090, 2.5, ['span-2x', 'span-4x'], true, undefined, '127.0.0.1'],
  );
  assert.throws(() => toServeConfig({ port: 'x' }, {}), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /--port \(or PORT\)/,
  });
  assert.throws(() => parseServeFlags(['--prot', '1']), /--prot/);
  assert.throws(() => toServeConfig({}, { UPSCALER_QUIET: 'maybe' }), { code: 'ERR_INVALID_ARG_VALUE' });
  const help = serveHelp();
  for (const name of Object.keys(SERVE_FLAGS)) assert.ok(help.includes(`--${name}`));
});

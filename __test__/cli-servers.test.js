'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { POSIX, cli, start } = require('./support/cli');
const { NEAREST } = require('./support/pixels');

/** The commands that stay: that they start, answer, and end when they are asked to. */

/**
 * @param {string[]} args
 * @param {'stdout' | 'stderr'} stream where the address is said
 * @param {RegExp} address
 * @param {(url: URL) => Promise<void>} use
 */
async function withServer(args, stream, address, use) {
  const child = start(args);
  let said = '';
  try {
    while (!address.test(said)) {
      const [chunk] = await Promise.race([
        once(child[stream], 'data'),
        child.ended.then(({ stderr }) => assert.fail(`it ended: ${stderr}`)),
      ]);
      said += chunk;
    }
    await use(new URL(/** @type {RegExpExecArray} */ (address.exec(said))[1]));
  } finally {
    child.kill('SIGINT');
  }
  const { code, stderr } = await child.ended;
  assert.equal(code, 0, stderr);
}

test('serve: upscales over HTTP until Ctrl-C', POSIX, () =>
  withServer(['serve', '--port', '0', '-m', NEAREST], 'stdout', /"origin":"([^"]+)"/, async (url) => {
    assert.equal(url.hostname, '127.0.0.1');
    const response = await fetch(new URL('/healthz', url));
    assert.equal(response.status, 200);
  }),
);

test('serve: a flag that is wrong is a mistake in the command', async () => {
  const [misspelt, wrong, missing] = await Promise.all([
    cli(['serve', '--prt', '3']),
    cli(['serve', '--port', 'x']),
    cli(['serve', '--port', '0', '-m', './gone.onnx']),
  ]);
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.stderr, /no option --prt; did you mean --port\?/);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--port.*"x"/);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /gone\.onnx/);
});

test('playground: a page on this machine until Ctrl-C', POSIX, () =>
  withServer(['playground', '--port', '0'], 'stderr', /at (http:\S+)/, async (url) => {
    assert.equal(url.hostname, '127.0.0.1');
    assert.match(url.hash, /token=/);
    const page = await fetch(url);
    assert.match(await page.text(), /<html/);
  }),
);

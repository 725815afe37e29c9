'use strict';

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const path = require('node:path');
const { test } = require('node:test');
const { tellPanics } = require('../lib/panics');

const FILE = path.join(__dirname, '..', 'lib', 'panics.js');
const native = (...messages) => ({ takePanics: () => messages.splice(0) });

test('where a fault happened is told on a diagnostics channel', () => {
  const heard = [];
  const listen = (message) => heard.push(message);
  tellPanics(native('nobody listens'));
  subscribe('upscaler-node.panic', listen);
  tellPanics(native('panicked at src/a.rs:1:2', 'panicked at src/b.rs:3:4'));
  unsubscribe('upscaler-node.panic', listen);
  assert.deepEqual(heard, [{ message: 'panicked at src/a.rs:1:2' }, { message: 'panicked at src/b.rs:3:4' }]);
});

test('and on stderr with NODE_DEBUG=upscaler, else nowhere', () => {
  const script = `require(${JSON.stringify(FILE)}).tellPanics({ takePanics: () => ['panicked at src/a.rs:1:2'] })`;
  const told = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    env: { ...process.env, NODE_DEBUG: 'upscaler' },
  });
  assert.match(told.stderr, /^UPSCALER \d+: panicked at src\/a\.rs:1:2/);
  assert.equal(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', stdio: 'pipe' }), '');
});

test('the addon has none to tell where nothing went wrong', () => {
  const { loadNative } = require('../lib/load-native');
  assert.deepEqual(loadNative().takePanics(), []);
});

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { failure } = require('../lib/load-native');
const { assertSupported } = require('../lib/node-version');

const GLIBC = { platform: 'linux-x64', glibc: '2.36', musl: false, addons: true, otherPackages: [] };
const missing = (name) =>
  Object.assign(new Error(`Cannot find module '${name}'\nRequire stack:`), { code: 'MODULE_NOT_FOUND' });
const MISSING = [missing('../upscaler.linux-x64-gnu.node'), missing('@upscaler-node/linux-x64-gnu')];

test('a platform without ONNX Runtime is named, with those that have it', () => {
  const { code, message } = failure([], { ...GLIBC, platform: 'freebsd-x64' });
  assert.equal(code, 'ERR_UPSCALER_RUNTIME_LOAD');
  assert.match(message, /freebsd-x64[^]*linux-x64, linux-arm64, darwin-arm64, win32-x64, win32-arm64/);
});

test('Alpine is told of an image that works', () => {
  assert.match(failure(MISSING, { ...GLIBC, musl: true, glibc: undefined }).message, /Alpine[^]*-slim/);
});

test('an old glibc is told the oldest that does', () => {
  assert.match(failure(MISSING, { ...GLIBC, glibc: '2.17' }).message, /glibc 2\.17 is too old: 2\.28/);
  assert.doesNotMatch(failure(MISSING, { ...GLIBC, glibc: '2.28' }).message, /too old/);
});

test('a package that is not there is told how to get it', () => {
  const { message } = failure(MISSING, GLIBC);
  assert.match(message, /npm install --include=optional @upscaler-node\/linux-x64-gnu/);
  assert.match(message, /npm run build/);
});

test("another platform's package points to a moved lockfile", () => {
  const host = { ...GLIBC, otherPackages: ['@upscaler-node/darwin-arm64'] };
  assert.match(
    failure(MISSING, host).message,
    /@upscaler-node\/darwin-arm64 is installed, which is for another platform/,
  );
});

test('a Mac with an Intel processor is told so, and of Rosetta', () => {
  assert.match(failure([], { ...GLIBC, platform: 'darwin-x64' }).message, /Intel[^]*Rosetta/);
});

test("a library that is not beside its addon is told to be a package's, and how it comes back", () => {
  const error = Object.assign(new Error('Expected /a/lib.so'), { code: 'LIBRARY_MISSING' });
  const { message } = failure([MISSING[0], error], GLIBC);
  assert.match(message, /A file of @upscaler-node\/linux-x64-gnu is missing: delete node_modules/);
});

test("Windows' loader is told of the runtime that a bare Windows lacks", () => {
  const error = Object.assign(new Error('The specified module could not be found.'), {
    code: 'ERR_DLOPEN_FAILED',
  });
  const host = { ...GLIBC, platform: 'win32-arm64', glibc: undefined };
  assert.match(failure([error], host).message, /winget install Microsoft\.VCRedist\.2015\+\.arm64/);
});

test('--no-addons is named', () => {
  assert.match(failure([], { ...GLIBC, addons: false }).message, /--no-addons/);
});

test('every error that was met is told, first lines in the message and whole in the cause', () => {
  const broken = new Error('libstdc++.so.6: cannot open shared object file');
  const { message, cause } = failure([MISSING[0], broken], GLIBC);
  assert.match(message, /Cannot find module[^]*libstdc\+\+/);
  assert.doesNotMatch(message, /Require stack/);
  assert.deepEqual(cause.errors, [MISSING[0], broken]);
});

test('a Node that is too old is named before anything else is loaded', () => {
  assert.throws(() => assertSupported('18.20.8'), {
    code: 'ERR_UPSCALER_RUNTIME_LOAD',
    message: /Node 18\.20\.8 is too old, 20 or newer is needed: nvm install/,
  });
  for (const version of ['20.0.0', '26.1.0', process.versions.node]) assertSupported(version);
});

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { AbortError, UpscalerError, fromNative, invalidType, invalidValue } = require('../lib/errors');

test('errors of arguments are UpscalerErrors and what Node would throw', () => {
  const type = invalidType('options.scale', 'a positive number', 'two');
  assert.ok(type instanceof UpscalerError && type instanceof TypeError);
  assert.equal(type.code, 'ERR_INVALID_ARG_TYPE');
  assert.equal(
    type.message,
    'Expected a positive number for options.scale but received "two" of type string',
  );

  assert.ok(invalidValue('quality', 'an integer', 0) instanceof RangeError);
  assert.ok(invalidValue('format', "'png'", 'gif') instanceof TypeError);
});

test('only our errors are UpscalerErrors, and an AbortError is its own kind', () => {
  assert.ok(!(new TypeError() instanceof UpscalerError));
  assert.ok(!(null instanceof UpscalerError));
  assert.ok(new AbortError() instanceof UpscalerError);
  assert.ok(!(new UpscalerError('ERR_UPSCALER_READ', '') instanceof AbortError));
});

test('messages describe any value in a few characters', () => {
  const hostile = {
    toString() {
      throw new Error('never called');
    },
  };
  const bare = Object.create(null);
  const values = [hostile, bare, Symbol('s'), 10n, null, Buffer.alloc(1e6), 'x'.repeat(1e6), () => {}];
  for (const value of values) assert.ok(invalidType('image', 'an image', value).message.length < 200);
});

test("the addon's errors become ours, with code, message and cause", () => {
  const cause = new Error('ENOENT');
  const read = fromNative(Object.assign(new Error('no such file', { cause }), { code: 'ERR_UPSCALER_READ' }));
  assert.ok(read instanceof UpscalerError);
  assert.equal(read.code, 'ERR_UPSCALER_READ');
  assert.equal(read.message, 'no such file');
  assert.equal(read.cause, cause);

  const aborted = fromNative(Object.assign(new Error(), { code: 'ABORT_ERR' }));
  assert.ok(aborted instanceof AbortError);
  assert.equal(aborted.name, 'AbortError');

  const foreign = Object.assign(new Error('bug'), { code: 'GenericFailure' });
  assert.equal(fromNative(foreign), foreign);
});

test('errors say by which HTTP status they are answered, as http-errors does', () => {
  const statusOf = (/** @type {any} */ { statusCode, status, expose }) => [statusCode, status, expose];
  assert.deepEqual(statusOf(invalidType('options.scale', 'a number', 'two')), [400, 400, true]);
  assert.deepEqual(statusOf(invalidValue('options.scale', 'a number', -1)), [400, 400, true]);
  assert.deepEqual(statusOf(new AbortError()), [499, 499, true]);
  const expected = {
    ERR_UPSCALER_READ: 400,
    ERR_UPSCALER_DECODE: 422,
    ERR_UPSCALER_UNSUPPORTED_FORMAT: 415,
    ERR_UPSCALER_LIMIT: 413,
    ERR_UPSCALER_QUEUE_FULL: 503,
    ERR_UPSCALER_TIMEOUT: 504,
    ERR_UPSCALER_MODEL_LOAD: 500,
    ERR_UPSCALER_INFERENCE: 500,
  };
  for (const [code, status] of Object.entries(expected)) {
    const error = new UpscalerError(/** @type {any} */ (code), '');
    assert.deepEqual(statusOf(error), [status, status, status < 500], code);
  }
});

test("what the system or the network refused is not the sender's fault, and its message stays inside", () => {
  const cause = Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
  const { statusCode, expose } = new UpscalerError('ERR_UPSCALER_READ', 'Could not read /srv/x', { cause });
  assert.deepEqual([statusCode, expose], [500, false]);
});

test('the status is no field of its own: logged and copied errors stay what they were', () => {
  assert.deepEqual(Object.keys(new UpscalerError('ERR_UPSCALER_DECODE', '')), ['code']);
});

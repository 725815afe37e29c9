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

'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { toResult } = require('../lib/output');

const SIZE = { width: 2, height: 1, channels: 3 };
const STAGES = { decode: 2, upscale: 9, encode: 1 };
const RESULT = {
  ...SIZE,
  depth: 8,
  model: 'span-2x',
  durationMs: 12,
  guarded: 0,
  drawn: 0.25,
  stages: STAGES,
  pages: 1,
  warnings: [],
};

test('an encoded result as a Buffer or a data: URL', () => {
  const encoded = { ...RESULT, data: Buffer.from([1, 2, 3]), format: 'webp' };
  assert.equal(toResult(encoded, 'buffer', false), encoded.data);
  assert.equal(toResult(encoded, 'base64', false), 'data:image/webp;base64,AQID');
});

test('a tensor', () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual(toResult({ ...RESULT, data, depth: 32 }, 'tensor', false), { data, shape: [1, 2, 3] });
});

test('raw pixels, 16-bit ones in a Uint16Array wherever the bytes lie', () => {
  const eight = { ...RESULT, data: Buffer.alloc(6, 7) };
  assert.deepEqual(toResult(eight, 'raw', false), { ...SIZE, data: eight.data });

  const samples = Uint16Array.of(1, 256, 65535, 4, 5, 6);
  const bytes = new Uint8Array(samples.buffer);
  const odd = Buffer.concat([Buffer.alloc(1), bytes]).subarray(1);
  for (const data of [Buffer.from(bytes.buffer), odd]) {
    assert.deepEqual(toResult({ ...RESULT, data, depth: 16 }, 'raw', false).data, samples);
  }
});

test('resolveWithObject says what is known of the picture', () => {
  const encoded = { ...RESULT, data: Buffer.alloc(10), format: 'png' };
  const info = {
    ...SIZE,
    format: 'png',
    size: 10,
    model: 'span-2x',
    durationMs: 12,
    guarded: 0,
    drawn: 0.25,
    stages: STAGES,
    pages: 1,
  };
  assert.deepEqual(toResult(encoded, 'buffer', true), { data: encoded.data, info });

  const data = new Float32Array(6);
  const tensor = toResult({ ...RESULT, data, depth: 32 }, 'tensor', true);
  assert.deepEqual(tensor, {
    data: { data, shape: [1, 2, 3] },
    info: { ...info, format: 'tensor', size: 24 },
  });
});

'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { PassThrough, Readable } = require('node:stream');
const { test } = require('node:test');
const { pathToFileURL } = require('node:url');
const Upscaler = require('..');
const check = require('../lib/check');
const { readImage } = require('../lib/input');
const { parseConfiguration, parseUpscaleOptions, parseUpscalerOptions } = require('../lib/options');
const { readStream } = require('../lib/stream-input');
const { listModels } = require('../lib/models');
const { NEAREST } = require('./support/pixels');

/** Pictures and options that come from strangers: what they may not do, and what is said of them. */

const OPTIONS = { allowPaths: true, fetch: undefined, limitInputBytes: 1e6 };
const never = new AbortController().signal;
const read = (image, options, signal = never) => readImage(image, { ...OPTIONS, ...options }, signal);

const VALUE = { code: 'ERR_INVALID_ARG_VALUE' };

test('allowPaths: false covers every way to name a file', async () => {
  const href = pathToFileURL(__filename).href;
  for (const image of [__filename, href, href.replace('file:', 'FILE:'), new URL(href), 'photo.png', '']) {
    await assert.rejects(read(image, { allowPaths: false }), VALUE);
  }
  assert.equal((await read(new URL('data:,x'), { allowPaths: false })).kind, 'encoded');
});

test('what a message says of an image is short, and none of its content', async () => {
  const secret = 'c2VjcmV0LXBhc3N3b3Jk';
  for (const [image, options] of [
    [secret.repeat(15_000), {}],
    [secret, { allowPaths: false }],
    [`${secret}\0`, {}],
    [`data:image/png;base64${secret}`, {}],
    [`data:image/png;base64;${secret.repeat(1e4)}`, {}],
    [`https://user:${secret}@example.com/a.png?token=${secret}`, {}],
    [new URL(`ftp://user:${secret}@example.com/a.png?token=${secret}`), {}],
    [{ data: new Float32Array(3), shape: [secret, secret.repeat(1e4), 3] }, {}],
    [{ data: new Uint8Array(3), width: secret.repeat(1e4), height: 1, channels: 3 }, {}],
    [{ data: secret.repeat(1e4), width: 1, height: 1, channels: 3 }, {}],
    [Readable.from([secret.repeat(1e4)]), {}],
    [10n ** 5000n, {}],
    [Symbol(secret.repeat(1e4)), {}],
    [Object.defineProperty(() => {}, 'name', { value: secret.repeat(1e4) }), {}],
  ]) {
    await assert.rejects(read(image, options), ({ code, message }) => {
      assert.match(code, /^ERR_(INVALID_ARG|UPSCALER)_/);
      assert.ok(message.length < 300, message.slice(0, 400));
      assert.ok(!message.includes(secret), message);
      return true;
    });
  }
  const failing = {
    fetch: async () => {
      throw new Error('refused');
    },
  };
  await assert.rejects(
    read(`https://u:${secret}@example.com/${secret.repeat(99)}?t=${secret}`, failing),
    ({ code, message }) => {
      assert.equal(code, 'ERR_UPSCALER_READ');
      return !message.includes(secret) && message.includes('example.com');
    },
  );
});

test('a data: URL as fetch reads it', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const base64 = bytes.toString('base64');
  for (const url of [
    `data:image/png;base64,${base64}`,
    `data:image/png;base64,${encodeURIComponent(base64)}`,
    `data:image/png;base64 ,${base64.slice(0, 40)}\n${base64.slice(40)}`,
    `data:;charset=utf-8;base64,${base64}`,
    `DATA:image/png;BASE64,${base64}`,
    `data:,${[...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`,
  ]) {
    const expected = Buffer.from(await (await fetch(url)).arrayBuffer());
    assert.deepEqual(expected, bytes, 'the oracle');
    assert.equal(Buffer.compare((await read(url)).data, expected), 0, url.slice(0, 40));
  }
  const limit = { limitInputBytes: 100 };
  for (const url of [`data:;base64,${base64}`, `data:,${'%00'.repeat(101)}`, `data:,${'x'.repeat(1e6)}`]) {
    await assert.rejects(read(url, limit), { code: 'ERR_UPSCALER_LIMIT' });
  }
  assert.equal((await read(`data:,${'%00'.repeat(100)}`, limit)).data.length, 100);
});

test('memory that was given away is refused with a code', async () => {
  const gone = (make) => {
    const view = make();
    structuredClone(view.buffer ?? view, { transfer: [view.buffer ?? view] });
    return view;
  };
  for (const image of [
    gone(() => new ArrayBuffer(8)),
    gone(() => new Uint8Array(8)),
    { data: gone(() => new Uint8Array(3)), width: 1, height: 1, channels: 3 },
    { data: gone(() => new Uint16Array(3)), width: 1, height: 1, channels: 3 },
    { data: gone(() => new Float32Array(3)), shape: [1, 1, 3] },
  ]) {
    await assert.rejects(read(image), VALUE);
  }
  await assert.rejects(read(new ArrayBuffer(0)), { code: 'ERR_UPSCALER_READ' });
});

test('memory is copied before the call returns, whatever becomes of it then', async () => {
  for (const make of [
    (data) => data,
    (data) => data.buffer,
    (data) => ({ data, width: 2, height: 1, channels: 2 }),
    (data) => ({ data: new Float32Array(data.buffer), shape: [1, 1, 1] }),
  ]) {
    const data = Uint8Array.of(1, 2, 3, 4);
    const reading = read(make(data));
    data.fill(9);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    const { data: kept } = await reading;
    assert.deepEqual(new Uint8Array(kept.buffer, kept.byteOffset, 4), Uint8Array.of(1, 2, 3, 4));
  }
});

test("a tensor's data() that throws, rejects or gives something else is coded", async () => {
  const cause = new Error('disposed');
  const shape = [1, 1, 3];
  for (const data of [
    () => {
      throw cause;
    },
    () => Promise.reject(cause),
  ]) {
    await assert.rejects(read({ shape, data }), { code: 'ERR_UPSCALER_READ', cause });
  }
  for (const data of [
    () => undefined,
    async () => 'text',
    async () => [1, 2, 3],
    async () => new BigInt64Array(3),
  ]) {
    await assert.rejects(read({ shape, data }), { code: 'ERR_INVALID_ARG_TYPE' });
  }
  await assert.rejects(read({ shape, data: async () => new Float32Array(2) }), VALUE);
  assert.deepEqual(
    (await read({ shape, data: async () => Int32Array.of(1, 2, 3) })).data,
    Float32Array.of(1, 2, 3),
  );
});

test('integers that would come out as others are refused', () => {
  const wide = 2 ** 32;
  for (const given of [
    { maxPending: wide },
    { maxPending: wide + 1 },
    { scale: wide + 2 },
    { threads: wide + 1 },
  ]) {
    assert.throws(() => parseUpscalerOptions(given), VALUE, JSON.stringify(given));
  }
  for (const given of [
    { width: 4294967306 },
    { height: wide + 10 },
    { patchSize: wide + 64 },
    { patchSize: 64, padding: wide },
    { quality: wide + 90 },
  ]) {
    assert.throws(() => parseUpscaleOptions(given), VALUE, JSON.stringify(given));
  }
  assert.throws(
    () => parseUpscalerOptions({ model: { path: 'a.onnx', divisibilityFactor: wide + 1 } }),
    VALUE,
  );
  assert.throws(() => parseUpscalerOptions({ warmupSizes: { patchSize: 64, padding: wide } }), VALUE);
  assert.throws(() => parseUpscalerOptions({ limitInputPixels: 2 ** 60 }), VALUE);
  assert.equal(parseUpscalerOptions({ limitInputPixels: wide }).native.limitInputPixels, wide);
  assert.equal(parseUpscalerOptions({ limitInputBytes: wide }).input.limitInputBytes, wide);
  assert.equal(parseConfiguration({ maxMemory: wide }).maxMemory, wide);
});

test('raw pixels and tensors of sizes that no memory has', async () => {
  const data = new Uint8Array(3);
  for (const width of [2 ** 32 + 1, 2 ** 53, Infinity, NaN, -1, 1.5]) {
    await assert.rejects(read({ data, width, height: 1, channels: 3 }), VALUE, String(width));
    await assert.rejects(read({ data: new Float32Array(3), shape: [1, width, 3] }), VALUE, String(width));
  }
});

test('a stream that stands still or never ends is given up, and destroyed', async () => {
  const silent = new PassThrough();
  silent.write('x');
  await assert.rejects(readStream(silent, 100, never, { pause: 20, all: 60_000 }), {
    code: 'ERR_UPSCALER_READ',
    message: /none came/,
  });
  assert.ok(silent.destroyed);

  const drip = new PassThrough();
  const timer = setInterval(() => drip.write('x'), 2);
  await assert.rejects(readStream(drip, 1e6, never, { pause: 60_000, all: 40 }), {
    code: 'ERR_UPSCALER_READ',
    message: /to end/,
  });
  clearInterval(timer);
  assert.ok(drip.destroyed);
});

test('an option object may have no prototype, and fields of strange types are refused', () => {
  const bare = Object.assign(Object.create(null), { scale: 2 });
  assert.equal(parseUpscaleOptions(bare).native.scale, 2);
  assert.ok(check.isPlainObject(bare) && check.isPlainObject({}));
  for (const value of [Symbol('x'), 10n, new Proxy({}, {}), Object.create(null)]) {
    assert.throws(() => parseUpscaleOptions({ quality: value }), { code: 'ERR_INVALID_ARG_TYPE' });
  }
});

test('the path of a file is left as it is', async () => {
  assert.deepEqual(await read('a/../b.png'), { kind: 'path', path: path.resolve('b.png') });
});

test('what getters and Proxies of the caller throw is the cause of an error with a code', async () => {
  const cause = new Error('of the caller');
  const throwing = () => {
    throw cause;
  };
  const options = Object.defineProperty({}, 'scale', { get: throwing, enumerable: true });
  const everything = new Proxy({}, { get: throwing, has: throwing, getPrototypeOf: throwing });
  for (const given of [options, everything]) {
    assert.throws(() => parseUpscalerOptions(given), { ...VALUE, cause });
    assert.throws(() => parseUpscaleOptions(given), { ...VALUE, cause });
    assert.throws(() => listModels(given), { ...VALUE, cause });
  }
  assert.throws(() => parseUpscalerOptions({ model: everything }), { ...VALUE, cause });
  assert.throws(() => parseConfiguration(everything), { ...VALUE, cause });
  await assert.rejects(read(everything), { code: 'ERR_UPSCALER_READ', cause });
  // A definition is read when it is checked, and again when it is loaded.
  const codes = new Set();
  for (let reads = 0; reads < 12; reads++) {
    let left = reads;
    const path = { get: () => (left-- > 0 ? './missing.onnx' : throwing()), enumerable: true };
    const make = async () => new Upscaler({ model: Object.defineProperty({}, 'path', path) }).ready;
    const error = await make().catch((error) => error);
    assert.match(error.code, /^ERR_/);
    if (error.cause === cause) codes.add(error.code);
  }
  assert.deepEqual([...codes], ['ERR_INVALID_ARG_VALUE', 'ERR_UPSCALER_MODEL_LOAD']);
});

test("a definition function that is async is refused, and its rejection is nobody's", async () => {
  const rejections = [];
  const note = (reason) => rejections.push(reason);
  process.on('unhandledRejection', note);
  const model = async () => {
    throw new Error('of a definition');
  };
  await assert.rejects(async () => new Upscaler({ model }).ready, { code: 'ERR_INVALID_ARG_TYPE' });
  await new Promise(setImmediate);
  process.off('unhandledRejection', note);
  assert.deepEqual(rejections, []);
});

test('lists that take long to look through are refused', () => {
  const holes = new Array(2 ** 32 - 1);
  for (const name of ['warmupSizes', 'executionProviders']) {
    assert.throws(() => parseUpscalerOptions({ [name]: holes }), VALUE);
  }
  assert.throws(() => parseUpscalerOptions({ executionProviders: new Array(2) }), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
});

test('what a signal of the caller throws is the cause of an error with a code', async () => {
  const fault = new Error('of a signal');
  const refuse = () => {
    throw fault;
  };
  const signal = { aborted: false, addEventListener: refuse, removeEventListener: refuse };
  const is = { code: 'ERR_INVALID_ARG_VALUE', cause: fault };
  await assert.rejects(async () => new Upscaler({ model: 'span-2x', signal }).ready, is);
  const upscaler = new Upscaler({ model: NEAREST });
  const image = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 };
  for (const output of ['buffer', 'stream']) {
    await assert.rejects(upscaler.upscale(image, { signal, output }), is);
  }
  const kept = { ...signal, addEventListener() {} };
  assert.ok((await upscaler.upscale(image, { signal: kept, format: 'png' })).length > 0);
  await upscaler.dispose();
});

test('half a signal is refused, and a strange reason is none of ours', async () => {
  const half = { aborted: false, addEventListener() {} };
  assert.throws(() => parseUpscaleOptions({ signal: half }), { code: 'ERR_INVALID_ARG_TYPE' });
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const upscaler = new Upscaler({ model: NEAREST });
  const image = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 };
  await assert.rejects(upscaler.upscale(image, { signal: AbortSignal.abort(proxy) }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
  });
  await upscaler.dispose();
});

test('a Blob or a fetch of the caller that gives something else', async () => {
  for (const bytes of [undefined, 1e12, 'text', [1, 2]]) {
    await assert.rejects(read({ size: 3, arrayBuffer: async () => bytes }), { code: 'ERR_INVALID_ARG_TYPE' });
  }
  for (const response of [undefined, 3, {}, { ok: true }]) {
    const given = { fetch: async () => response };
    await assert.rejects(read('http://127.0.0.1:9/', given), {
      code: /^ERR_UPSCALER_READ|ERR_INVALID_ARG_TYPE$/,
    });
  }
});

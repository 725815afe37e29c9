'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { once } = require('node:events');
const http = require('node:http');
const path = require('node:path');
const { PassThrough, Readable } = require('node:stream');
const { after, before, test } = require('node:test');
const { pathToFileURL } = require('node:url');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const sharp = require('sharp');
const { readImage } = require('../lib/input');

const FILE = path.join(__dirname, '..', 'examples', 'images', 'rocket.jpg');
const BYTES = fs.readFileSync(FILE);
const OPTIONS = { allowPaths: true, fetch: undefined, limitInputBytes: 1e6 };

const read = (image, options, signal = new AbortController().signal) =>
  readImage(image, { ...OPTIONS, ...options }, signal);

test('every kind of encoded input gives the same bytes', async () => {
  const base64 = BYTES.toString('base64');
  const percent = [...BYTES].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const inputs = {
    Buffer: BYTES,
    Uint8Array: new Uint8Array(BYTES),
    'a view into a larger buffer': new Uint8Array(
      Buffer.concat([Buffer.alloc(3), BYTES]).buffer,
      3,
      BYTES.length,
    ),
    ArrayBuffer: Uint8Array.from(BYTES).buffer,
    Blob: new Blob([BYTES]),
    File: new File([BYTES], 'rocket.jpg'),
    'data: URL': `data:image/jpeg;base64,${base64}`,
    'data: URL object': new URL(`data:image/jpeg;base64,${base64}`),
    'data: URL in percent encoding': `data:image/jpeg,${percent}`,
    'file stream': fs.createReadStream(FILE, { highWaterMark: 1000 }),
    'sharp, which is a stream': sharp(BYTES).keepMetadata(),
    'web stream': new Blob([BYTES]).stream(),
    'stream of arrays': Readable.from([new Uint8Array(BYTES.subarray(0, 9)), BYTES.subarray(9)]),
  };
  for (const [name, input] of Object.entries(inputs)) {
    const { kind, data } = await read(input);
    assert.equal(kind, 'encoded', name);
    if (name.startsWith('sharp')) assert.equal(data.readUInt16BE(0), 0xffd8);
    else assert.equal(Buffer.compare(data, BYTES), 0, name);
  }
});

test('paths and file: URLs are left to the addon', async () => {
  const href = pathToFileURL(FILE).href;
  for (const input of [FILE, path.relative(process.cwd(), FILE), href, new URL(href)]) {
    assert.deepEqual(await read(input), { kind: 'path', path: FILE });
  }
});

test('bytes are copied before the call returns', async () => {
  for (const [input, bytes] of [
    [BYTES, BYTES],
    [BYTES.buffer, new Uint8Array(BYTES.buffer)],
  ]) {
    const reading = read(input);
    const first = bytes[0];
    bytes[0] ^= 0xff;
    const { data } = await reading;
    bytes[0] ^= 0xff;
    assert.equal(data[0], first);
  }
});

test('allowPaths: false reads no string as a file', async () => {
  const options = { allowPaths: false };
  for (const path of [FILE, 'photo.jpg', pathToFileURL(FILE).href]) {
    await assert.rejects(read(path, options), { code: 'ERR_INVALID_ARG_VALUE' });
  }
  assert.equal((await read(`data:,${'x'}`, options)).kind, 'encoded');
});

test('raw pixels', async () => {
  const eight = { data: Buffer.from([1, 2, 3, 4, 5, 6]), width: 2, height: 1, channels: 3 };
  assert.deepEqual(await read(eight), { kind: 'raw', ...eight, data: new Uint8Array(eight.data), depth: 8 });

  const sixteen = { data: Uint16Array.of(1, 65535), width: 2, height: 1, channels: 1 };
  const wide = await read(sixteen);
  assert.equal(wide.depth, 16);
  assert.deepEqual(new Uint16Array(wide.data.buffer), sixteen.data);
  assert.equal((await read({ ...sixteen, data: Buffer.alloc(4), depth: 16 })).depth, 16);

  const clamped = await read({ data: Uint8ClampedArray.of(9), width: 1, height: 1, channels: 1 });
  assert.deepEqual(clamped.data, Uint8Array.of(9));
});

test('raw pixels of the wrong size or kind are refused', async () => {
  const raw = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 };
  const code = 'ERR_INVALID_ARG_VALUE';
  await assert.rejects(read({ ...raw, width: 3 }), { code });
  await assert.rejects(read({ ...raw, height: 0 }), { code });
  await assert.rejects(read({ ...raw, channels: 5 }), { code });
  await assert.rejects(read({ ...raw, depth: 12 }), { code });
  await assert.rejects(read({ ...raw, data: [1, 2, 3] }), { code: 'ERR_INVALID_ARG_TYPE' });
  await assert.rejects(read({ ...raw, channels: undefined }), { code: 'ERR_INVALID_ARG_TYPE' });
});

test("plain tensors and TensorFlow.js's", async () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  const expected = { kind: 'tensor', data, width: 2, height: 1, channels: 3 };
  assert.deepEqual(await read({ data, shape: [1, 2, 3] }), expected);
  assert.deepEqual(await read({ data, shape: [1, 1, 2, 3] }), expected);

  for (const tensor of [tf.tensor3d(data, [1, 2, 3]), tf.tensor4d(data, [1, 1, 2, 3], 'int32')]) {
    assert.deepEqual(await read(tensor), expected);
    assert.equal(tensor.isDisposed, false);
    tensor.dispose();
  }
});

test('tensors of the wrong shape are refused', async () => {
  const data = new Float32Array(12);
  const code = 'ERR_INVALID_ARG_VALUE';
  for (const shape of [[12], [3, 4], [2, 2, 2, 3], [2, 3, 3], [1, 2, 6], [2, 2, 0], [2, 2, NaN]]) {
    await assert.rejects(read({ data, shape }), { code }, String(shape));
  }
  await assert.rejects(read({ data: [1], shape: [1, 1, 1] }), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('what is no image is refused by name', async () => {
  for (const image of [undefined, null, 5, true, {}, [], () => {}, Symbol('x')]) {
    await assert.rejects(read(image), { code: 'ERR_INVALID_ARG_TYPE', name: 'TypeError' });
  }
  await assert.rejects(read(''), { code: 'ERR_INVALID_ARG_VALUE' });
  await assert.rejects(read('data:image/png;base64'), { code: 'ERR_INVALID_ARG_VALUE' });
  await assert.rejects(read(new URL('ftp://example.com/a.png')), { code: 'ERR_INVALID_ARG_VALUE' });
  if (process.platform !== 'win32') {
    await assert.rejects(read(new URL('file://server/share/a.png')), { code: 'ERR_UPSCALER_READ' });
  }
  await assert.rejects(read(Buffer.alloc(0)), { code: 'ERR_UPSCALER_READ' });
  await assert.rejects(read(Readable.from([])), { code: 'ERR_UPSCALER_READ' });
});

test('a stream over the limit is stopped', async () => {
  let given = 0;
  const endless = new Readable({
    read(size) {
      given += size;
      this.push(Buffer.alloc(size));
    },
  });
  await assert.rejects(read(endless, { limitInputBytes: 1e5 }), { code: 'ERR_UPSCALER_LIMIT' });
  assert.ok(endless.destroyed);
  assert.ok(given < 3e5);

  let cancelled = false;
  const endlessWeb = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1000)),
    cancel: () => void (cancelled = true),
  });
  await assert.rejects(read(endlessWeb, { limitInputBytes: 1e5 }), { code: 'ERR_UPSCALER_LIMIT' });
  assert.ok(cancelled);
});

test('a stream that fails, or gives text, is refused with its cause', async () => {
  const cause = new Error('cable cut');
  const failing = new Readable({ read: () => {} });
  const reading = read(failing);
  failing.destroy(cause);
  await assert.rejects(reading, { code: 'ERR_UPSCALER_READ', cause });
  await assert.rejects(read(Readable.from(['text'])), { code: 'ERR_INVALID_ARG_TYPE' });

  const locked = new Blob([BYTES]).stream();
  locked.getReader();
  await assert.rejects(read(locked), { code: 'ERR_UPSCALER_READ' });
});

test('an abort stops the reading of a stream that gives nothing', async () => {
  const controller = new AbortController();
  const silent = new PassThrough();
  const reading = read(silent, {}, controller.signal);
  controller.abort();
  await assert.rejects(reading);
  assert.ok(silent.destroyed);

  const already = new PassThrough();
  await assert.rejects(read(already, {}, AbortSignal.abort()));
  assert.ok(already.destroyed);
});

let server;
let origin;
before(async () => {
  server = http.createServer((request, response) => {
    if (request.url === '/photo.jpg') return response.end(BYTES);
    if (request.url === '/slow') return response.write('x');
    response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

test('http(s) URLs are refused unless the fetch option is set', async () => {
  await assert.rejects(read(`${origin}/photo.jpg`), { code: 'ERR_INVALID_ARG_VALUE' });
  await assert.rejects(read(new URL('https://example.com/a.png')), { code: 'ERR_INVALID_ARG_VALUE' });
});

test('with it they are fetched, up to the limit', async () => {
  const { data } = await read(`${origin}/photo.jpg`, { fetch });
  assert.equal(Buffer.compare(data, BYTES), 0);
  await assert.rejects(read(`${origin}/photo.jpg`, { fetch, limitInputBytes: 1000 }), {
    code: 'ERR_UPSCALER_LIMIT',
  });
  await assert.rejects(read(`${origin}/missing`, { fetch }), { code: 'ERR_UPSCALER_READ', message: /404/ });
  await assert.rejects(read('http://127.0.0.1:1/', { fetch }), (error) => error.cause instanceof Error);

  const controller = new AbortController();
  const slow = read(`${origin}/slow`, { fetch }, controller.signal);
  setTimeout(() => controller.abort(), 50);
  await assert.rejects(slow);
});

test('a fetch function of the user is the one that is called', async () => {
  const own = async (url, { signal }) => {
    assert.equal(url, 'https://internal/photo.jpg');
    assert.ok(signal instanceof AbortSignal);
    return new Response(BYTES);
  };
  const { data } = await read('https://internal/photo.jpg', { fetch: own });
  assert.equal(data.length, BYTES.length);
});

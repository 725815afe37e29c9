'use strict';

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { buffer } = require('node:stream/consumers');
const { after, before, test } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const sharp = require('sharp');
const Upscaler = require('..');
const { NEAREST, largestDifference, pattern, toTensor } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

/** Calls of the class: how they end early, and how they share the machine. */

const thumbnail = pattern(48, 40, 3);
/** Seconds of work, in many tiles. */
const poster = pattern(1400, 1100, 3);

let upscaler;
before(() => {
  upscaler = new Upscaler();
});
after(() => upscaler.dispose());

/** How long one tile takes at most, generously: an automatic tile of SPAN, four times over. */
async function tileTime() {
  const picture = pattern(250, 250, 3);
  await upscaler.upscale(picture, { output: 'raw' });
  const begun = performance.now();
  await upscaler.upscale(picture, { output: 'raw' });
  return 4 * (performance.now() - begun) + 200;
}

test('an abort is heard within a tile, by signal and by abort()', async () => {
  const most = await tileTime();
  for (const stop of ['signal', 'abort']) {
    await withUpscaler({}, async (own) => {
      await own.ready;
      const controller = new AbortController();
      const reason = new Error('changed my mind');
      const begun = withResolvers();
      const call = own.upscale(poster, {
        output: 'raw',
        signal: controller.signal,
        progress: () => begun.resolve(),
      });
      await begun.promise;
      const stopped = performance.now();
      if (stop === 'signal') controller.abort(reason);
      else own.abort();
      await assert.rejects(call, (error) => {
        assert.deepEqual([error.name, error.code], ['AbortError', 'ABORT_ERR']);
        return error.cause === (stop === 'signal' ? reason : undefined);
      });
      assert.ok(performance.now() - stopped < most);
      // The caller need not wait for the rows that the workers are at.
      for (let wait = 0; wait < 500 && own.counters().aborted === 0; wait++) await delay(1);
      assert.equal(own.counters().running, 0);
      assert.equal(own.counters().aborted, 1);
      // It goes on working.
      await own.upscale(thumbnail, { output: 'raw' });
    });
  }
});

function withResolvers() {
  let resolve;
  const promise = new Promise((r) => {
    resolve = r;
  });
  return { promise, resolve };
}

test('a call whose signal was aborted before does nothing', async () => {
  const before = upscaler.counters();
  await assert.rejects(upscaler.upscale(thumbnail, { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
  assert.deepEqual(upscaler.counters(), before);
});

test('AbortSignal.timeout and the timeout option', async () => {
  const timedOut = upscaler.upscale(poster, { output: 'raw', signal: AbortSignal.timeout(60) });
  await assert.rejects(timedOut, ({ code, cause, statusCode }) => {
    return code === 'ERR_UPSCALER_TIMEOUT' && cause.name === 'TimeoutError' && statusCode === 504;
  });
  const begun = performance.now();
  await assert.rejects(upscaler.upscale(poster, { output: 'raw', timeout: 60 }), {
    code: 'ERR_UPSCALER_TIMEOUT',
    message: /60 ms|within the timeout/,
  });
  assert.ok(performance.now() - begun < 60 + (await tileTime()));
});

test('beside those that are worked on, maxPending images wait, and no more', async () => {
  // Posters, not thumbnails: none may end while the calls are made, however slow the machine is.
  for (const [concurrency, maxPending] of [
    [2, 3],
    [1, 0],
  ]) {
    await withUpscaler({ concurrency, maxPending }, async (own) => {
      await own.ready;
      const room = concurrency + maxPending;
      const stop = new AbortController();
      const calls = Array.from({ length: 12 }, () =>
        own.upscale(poster, { output: 'raw', signal: stop.signal }),
      );
      const { queued, running } = own.counters();
      assert.ok(queued + running <= room && running <= concurrency);
      const admitted = Promise.allSettled(calls.slice(0, room));
      for (const { reason } of await Promise.allSettled(calls.slice(room))) {
        assert.equal(reason?.code, 'ERR_UPSCALER_QUEUE_FULL');
      }
      stop.abort();
      for (const { reason } of await admitted) assert.equal(reason?.code, 'ABORT_ERR');
      await Promise.all(Array.from({ length: Math.min(room, 3) }, () => own.upscale(thumbnail)));
    });
  }
});

test('no more images than concurrency are worked on at a time', async () => {
  await withUpscaler({ concurrency: 2 }, async (own) => {
    const photo = { data: new Uint8Array(3 * 256 * 256), width: 256, height: 256, channels: 3 };
    let most = 0;
    const look = () => (most = Math.max(most, own.counters().running));
    const calls = Array.from({ length: 6 }, () => own.upscale(photo, { output: 'raw', progress: look }));
    await Promise.all(calls);
    assert.equal(most, 2);
  });
});

test('streams that nobody reads yet do not keep others from beginning', async () => {
  await withUpscaler({ concurrency: 1 }, async (own) => {
    const photo = { data: randomBytes(3 * 700 * 700), width: 700, height: 700, channels: 3 };
    const open = () => own.upscale(photo, { output: 'stream', highWaterMark: 1024 });
    const streams = await Promise.all([open(), open(), open()]);
    const sizes = await Promise.all(streams.map(async (stream) => (await buffer(stream)).length));
    assert.equal(new Set(sizes).size, 1);
  });
});

test('calls that wait for the model or for their picture count as waiting', async () => {
  await withUpscaler({ concurrency: 1, maxPending: 2 }, async (own) => {
    const calls = Array.from({ length: 5 }, () => own.upscale(thumbnail, { output: 'raw' }));
    // The model cannot be there before this function lets go of the event loop.
    assert.equal(own.counters().queued, 3);
    const results = await Promise.allSettled(calls);
    const codes = results.map(({ reason }) => reason?.code);
    assert.deepEqual(codes, [
      undefined,
      undefined,
      undefined,
      'ERR_UPSCALER_QUEUE_FULL',
      'ERR_UPSCALER_QUEUE_FULL',
    ]);
    const never = new ReadableStream({});
    const waiting = own.upscale(never, { timeout: 30 });
    assert.equal(own.counters().queued, 1);
    await assert.rejects(waiting, { code: 'ERR_UPSCALER_TIMEOUT' });
    await assert.rejects(own.upscale('./missing.png'), { code: 'ERR_UPSCALER_READ' });
    assert.deepEqual(own.counters(), { queued: 0, running: 0, done: 3, failed: 3, aborted: 1, refused: 2 });
  });
});

test('a model that cannot be loaded fails all who waited for it', async () => {
  await withUpscaler({ model: Buffer.from('no model') }, async (own) => {
    const results = await Promise.allSettled([own.upscale(thumbnail), own.upscale(thumbnail)]);
    for (const { reason } of results) assert.equal(reason.code, 'ERR_UPSCALER_MODEL_LOAD');
    assert.deepEqual(own.counters(), { queued: 0, running: 0, done: 0, failed: 2, aborted: 0, refused: 0 });
  });
});

test('counters of an instance and of the process', async () => {
  await withUpscaler({}, async (own) => {
    await own.ready;
    const processBefore = Upscaler.counters();
    const call = own.upscale(pattern(300, 300, 3), { output: 'raw' });
    const { queued, running } = own.counters();
    assert.equal(queued + running, 1);
    await call;
    await assert.rejects(own.upscale(Buffer.from('no picture')));
    const controller = new AbortController();
    const stopped = own.upscale(poster, { output: 'raw', signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(stopped);
    const expected = { queued: 0, running: 0, done: 1, failed: 1, aborted: 1, refused: 0 };
    assert.deepEqual(own.counters(), expected);
    const processAfter = Upscaler.counters();
    for (const key of ['done', 'failed', 'aborted'])
      assert.equal(processAfter[key] - processBefore[key], 1, key);
  });
});

test('dispose finishes what was accepted, refuses what comes after, and may be repeated', async () => {
  const own = new Upscaler();
  const accepted = [own.upscale(thumbnail, { output: 'raw' }), own.upscale(thumbnail, { output: 'raw' })];
  const disposed = own.dispose();
  await assert.rejects(own.upscale(thumbnail), { code: 'ERR_UPSCALER_DISPOSED' });
  await assert.rejects(own.warmup(), { code: 'ERR_UPSCALER_DISPOSED' });
  await disposed;
  for (const call of accepted) assert.equal((await call).width, 96);
  await own.dispose();
  await own[Symbol.asyncDispose]();
  // The same network, held by another instance, lives on.
  await upscaler.upscale(thumbnail);
});

test('an instance whose model cannot load fails its calls, never the process, and can be disposed', async () => {
  const own = new Upscaler({ model: path.join(__dirname, 'missing.onnx') });
  await delay(50);
  await assert.rejects(own.ready, { code: 'ERR_UPSCALER_MODEL_LOAD' });
  await assert.rejects(own.upscale(thumbnail), { code: 'ERR_UPSCALER_MODEL_LOAD' });
  await assert.rejects(own.getModel(), { code: 'ERR_UPSCALER_MODEL_LOAD' });
  await own.dispose();
});

test('warmup with sizes of every form, and in the constructor', async () => {
  const before = upscaler.counters().done;
  await upscaler.warmup();
  await upscaler.warmup(32);
  await upscaler.warmup([16, { patchSize: 40, padding: 4 }]);
  assert.equal(upscaler.counters().done - before, 4);
  await assert.rejects(upscaler.warmup(1000, { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
  await assert.rejects(upscaler.warmup(0), { code: 'ERR_INVALID_ARG_VALUE' });
  await withUpscaler({ warmupSizes: [20, 30] }, async (own) => {
    await own.ready;
    assert.equal(own.counters().done, 2);
  });
});

test('methods may be passed around without their instance', async () => {
  const { upscale, execute, getModel, counters, warmup } = upscaler;
  const [a, b] = await Promise.all([
    upscale(thumbnail, { output: 'raw' }),
    execute(thumbnail, { output: 'raw' }),
  ]);
  assert.deepEqual(a, b);
  assert.equal((await getModel()).model, 'span-2x');
  assert.ok(counters().done > 0);
  await warmup(8);
});

test('many calls at once, on one instance and on many, give what one alone gives', async () => {
  const pictures = Array.from({ length: 12 }, (_, i) => pattern(40 + 7 * i, 90 - 5 * i, 1 + (i % 4)));
  const alone = [];
  for (const picture of pictures) alone.push(await upscaler.upscale(picture, { output: 'raw' }));
  const others = [new Upscaler(), new Upscaler({ threads: 1 }), new Upscaler({ model: 'default' })];
  const everywhere = [upscaler, ...others].flatMap((own) =>
    pictures.map((picture) => own.upscale(picture, { output: 'raw' })),
  );
  const results = await Promise.all(everywhere);
  results.forEach((result, i) => assert.deepEqual(result, alone[i % pictures.length]));
  await Promise.all(others.map((own) => own.dispose()));
});

test('a thumbnail does not wait for the posters before it', async () => {
  await withUpscaler({}, async (other) => {
    await Promise.all([upscaler.ready, other.ready]);
    const ended = [];
    const note = (name) => () => void ended.push(name);
    const controller = new AbortController();
    const { signal } = controller;
    const posters = [upscaler, upscaler, other, upscaler, other, upscaler, other].map((own) =>
      own.upscale(poster, { output: 'raw', signal }).then(note('poster'), note('poster stopped')),
    );
    // Until as many tiles have begun as may.
    await delay(500);
    await upscaler.upscale(thumbnail, { output: 'raw' }).then(note('thumbnail'));
    await other.upscale(thumbnail, { output: 'raw' }).then(note('thumbnail'));
    assert.deepEqual(ended, ['thumbnail', 'thumbnail']);
    controller.abort();
    await Promise.all(posters);
  });
});

test('the caller may reuse an encoded input at once', async () => {
  const png = await sharp(thumbnail.data, { raw: thumbnail }).png().toBuffer();
  const expected = await upscaler.upscale(png, { output: 'raw' });
  const own = new Upscaler();
  for (const state of ['while the model loads', 'when it is there']) {
    for (const input of [Buffer.from(png), new Uint8Array(png).buffer, new Uint8Array(png)]) {
      const call = own.upscale(input, { output: 'raw' });
      new Uint8Array(input.buffer ?? input).fill(0);
      assert.deepEqual(await call, expected, state);
    }
    await own.ready;
  }
  await own.dispose();
});

test('every kind of input gives the same picture', async (t) => {
  const tf = require('@tensorflow/tfjs-core');
  require('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
  const http = require('node:http');
  const { pathToFileURL } = require('node:url');
  const file = path.join(require('node:os').tmpdir(), `upscaler-input-${process.pid}.png`);
  const png = await sharp(thumbnail.data, { raw: thumbnail }).png().toBuffer();
  fs.writeFileSync(file, png);
  const server = http.createServer((_, response) => response.end(png)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    fs.rmSync(file);
    server.close();
  });
  const shared = new Uint8Array(new SharedArrayBuffer(png.length));
  shared.set(png);
  const tensor = toTensor(thumbnail);
  const inputs = {
    Buffer: png,
    Uint8Array: new Uint8Array(png),
    ArrayBuffer: new Uint8Array(png).buffer,
    SharedArrayBuffer: shared.buffer,
    'a view of a SharedArrayBuffer': shared,
    Blob: new Blob([png]),
    File: new File([png], 'a.png'),
    path: file,
    'relative path': path.relative(process.cwd(), file),
    'file: URL': pathToFileURL(file),
    'file: URL string': pathToFileURL(file).href,
    'data: URL': `data:image/png;base64,${png.toString('base64')}`,
    'http: URL': `http://127.0.0.1:${server.address().port}/a.png`,
    'Node stream': fs.createReadStream(file),
    'web stream': new Blob([png]).stream(),
    raw: thumbnail,
    'raw in 16 bits': { ...thumbnail, data: Uint16Array.from(thumbnail.data, (value) => value * 257) },
    tensor,
    'tensor of four dimensions': { ...tensor, shape: [1, ...tensor.shape] },
    'tf.Tensor3D': tf.tensor3d(tensor.data, tensor.shape),
    'tf.Tensor4D of integers': tf.tensor4d(tensor.data, [1, ...tensor.shape], 'int32'),
  };
  await withUpscaler({ fetch: true }, async (own) => {
    await own.ready;
    const expected = await own.upscale(thumbnail, { output: 'raw', depth: 8 });
    for (const [name, input] of Object.entries(inputs)) {
      const found = await own.upscale(input, { output: 'raw', depth: 8 });
      assert.deepEqual([found.width, found.height, found.channels], [96, 80, 3], name);
      assert.ok(largestDifference(found.data, expected.data) <= (name.startsWith('raw in 16') ? 1 : 0), name);
    }
  });
});

test('hooks of a definition of one’s own', async () => {
  const calls = [];
  const definition = {
    path: NEAREST,
    scale: 2,
    inputRange: [0, 1],
    outputRange: [0, 1],
    setup: () => void calls.push('setup'),
    preprocess: ({ data, shape }) => {
      calls.push('preprocess');
      return { data: data.map((value) => 255 - value), shape };
    },
    teardown: async () => void calls.push('teardown'),
  };
  await withUpscaler({ model: definition }, async (own) => {
    const { data } = await own.upscale(thumbnail, { output: 'raw' });
    assert.equal(data[0], 255 - thumbnail.data[0]);
  });
  assert.deepEqual(calls, ['setup', 'preprocess', 'teardown']);
});

test('getModel says what runs', async () => {
  const { modelDefinition, ...model } = await upscaler.getModel();
  assert.equal(model.model, 'span-2x');
  assert.equal(model.scale, 2);
  assert.equal(model.channels, 3);
  assert.equal(model.format, 'onnx');
  assert.equal(model.provider, 'cpu');
  assert.equal(model.precision, 'fp32');
  assert.ok(model.halo > 8 && model.halo < 64);
  assert.ok(model.parameters > 3e5 && model.parameters < 6e5);
  assert.match(modelDefinition.path, /span[/\\].*2x\.onnx$/);
});

test('versions', () => {
  const { versions } = Upscaler;
  assert.equal(versions['upscaler-node'], require('../package.json').version);
  assert.ok(require('onnxruntime-node/package.json').version.startsWith(`${versions.onnxruntime}.`));
  assert.equal(versions.napi, process.versions.napi);
});

test('memory does not grow from call to call', async () => {
  const picture = pattern(200, 200, 3);
  const once = () => upscaler.upscale(picture, { output: 'raw' });
  for (let i = 0; i < 20; i++) await once();
  // Memory that goes back while the machine is busy elsewhere comes again once; a leak comes with each round.
  const grown = [];
  for (let round = 0; round < 3; round++) {
    global.gc?.();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 40; i++) await once();
    global.gc?.();
    grown.push(process.memoryUsage().rss - before);
  }
  // 40 leaked results would be 19 MB, 40 leaked decodes as much again.
  assert.ok(Math.min(...grown) < 16e6, `${grown} bytes more`);
});

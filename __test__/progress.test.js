'use strict';

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const Upscaler = require('..');
const { decode, pattern } = require('./support/pixels');

/** Progress reports of calls, and the slices that come with them. */

const thumbnail = pattern(48, 40, 3);
/** Seconds of work, in many tiles. */
const poster = pattern(1400, 1100, 3);

let upscaler;
before(() => {
  upscaler = new Upscaler();
});
after(() => upscaler.dispose());

test('progress rises from tile to tile to 1, and its slices are the result', async () => {
  const picture = pattern(300, 210, 3);
  const seen = [];
  const result = await upscaler.upscale(picture, {
    output: 'raw',
    patchSize: 128,
    padding: 16,
    progress: (fraction, slice, data) => void seen.push({ fraction, slice, data }),
  });
  const fractions = seen.map(({ fraction }) => fraction);
  assert.deepEqual(
    fractions,
    [...fractions].sort((a, b) => a - b),
  );
  assert.equal(fractions.at(-1), 1);
  assert.equal(new Set(fractions).size, seen.length);

  const stitched = new Uint8Array(result.data.length);
  for (const { slice, data } of seen) {
    const { pre, post } = data.patchCoordinates;
    const [y, x] = [2 * (pre.origin[0] + post.origin[0]), 2 * (pre.origin[1] + post.origin[1])];
    assert.deepEqual([slice.height, slice.width], [2 * post.size[0], 2 * post.size[1]]);
    for (let row = 0; row < slice.height; row++) {
      const line = slice.data.subarray(row * slice.width * 3, (row + 1) * slice.width * 3);
      stitched.set(line, ((y + row) * result.width + x) * 3);
    }
  }
  assert.deepEqual(Buffer.from(stitched), result.data);

  const patches = Upscaler.getPatchesFromImage([300, 210], 128, 16);
  assert.deepEqual(
    seen.map(({ data: { row, col, patchCoordinates } }) => ({ row, col, patchCoordinates })),
    patches.flatMap((line, row) => line.map((patchCoordinates, col) => ({ row, col, patchCoordinates }))),
  );
});

test('slices in every form', async () => {
  for (const [progressOutput, check] of [
    ['buffer', async (slice) => (await decode(slice)).channels],
    ['base64', async (slice) => (await decode(Buffer.from(slice.split(',')[1], 'base64'))).channels],
    ['tensor', async (slice) => slice.shape[2]],
    ['raw', async (slice) => slice.channels],
  ]) {
    const slices = [];
    await upscaler.upscale(thumbnail, {
      patchSize: 32,
      padding: 0,
      progressOutput,
      progress: (_, slice) => void slices.push(slice),
    });
    assert.equal(slices.length, 4);
    for (const slice of slices) assert.equal(await check(slice), 3, progressOutput);
  }
});

test('progress without patchSize, within a tile, and over two passes', async () => {
  const fractions = [];
  const progress = (fraction) => void fractions.push(fraction);
  await upscaler.upscale(pattern(300, 600, 3), { progress });
  assert.ok(fractions.length > 5, `${fractions}`);
  assert.equal(fractions.at(-1), 1);
  fractions.length = 0;
  await upscaler.upscale(thumbnail, { progress, scale: 5 });
  assert.ok(fractions.length >= 2);
  assert.deepEqual(
    fractions,
    [...fractions].sort((a, b) => a - b),
  );
  assert.equal(fractions.at(-1), 1);
});

test('a progress callback that throws ends its call with that error', async () => {
  const error = new Error('enough');
  const progress = () => {
    throw error;
  };
  await assert.rejects(upscaler.upscale(poster, { output: 'raw', progress }), error);
  const nothing = () => {
    throw undefined;
  };
  await assert.rejects(upscaler.upscale(poster, { output: 'raw', progress: nothing }), { code: 'ABORT_ERR' });
});

test('no progress after the promise has settled', async () => {
  const controller = new AbortController();
  let settled = false;
  let late = 0;
  const call = upscaler.upscale(poster, {
    output: 'raw',
    signal: controller.signal,
    progress: () => {
      if (settled) late++;
      controller.abort();
    },
  });
  await assert.rejects(call, { code: 'ABORT_ERR' });
  settled = true;
  await delay(100);
  assert.equal(late, 0);
});

'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { test } = require('node:test');
const { Call } = require('../lib/call');
const { AbortError } = require('../lib/errors');
const { reportTo, wantsSlices } = require('../lib/progress');

const never = new Promise(() => {});

test("the user's signal cancels with its reason as the cause", async () => {
  const controller = new AbortController();
  const call = new Call({ signal: controller.signal });
  const waiting = call.race(never);
  const reason = new Error('changed my mind');
  controller.abort(reason);
  await assert.rejects(waiting, (error) => error instanceof AbortError && error.cause === reason);
});

test('a signal that was aborted before cancels at once', async () => {
  const call = new Call({ signal: AbortSignal.abort() });
  await assert.rejects(call.race(Promise.resolve(1)), { name: 'AbortError', code: 'ABORT_ERR' });
});

test('a timeout cancels', async () => {
  const call = new Call({ timeout: 5 });
  await assert.rejects(call.race(never), { code: 'ERR_UPSCALER_TIMEOUT', message: /5 ms/ });
});

test('the first reason wins', () => {
  const call = new Call({});
  call.cancel(new Error('first'));
  call.cancel(new Error('second'));
  assert.equal(call.signal.reason.message, 'first');
});

test("a settled call leaves nothing on the user's signal and hears nothing", async () => {
  const controller = new AbortController();
  const call = new Call({ signal: controller.signal, timeout: 10 });
  await call.race(Promise.resolve());
  assert.equal(getEventListeners(controller.signal, 'abort').length, 1);
  assert.equal(getEventListeners(call.signal, 'abort').length, 0);
  call.settle();
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  controller.abort();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(call.signal.aborted, false);
});

test('a thousand calls on one signal warn of no leak', async () => {
  const warnings = [];
  const onWarning = (warning) => warnings.push(warning.message);
  process.on('warning', onWarning);
  const { signal } = new AbortController();
  const calls = Array.from({ length: 1000 }, () => new Call({ signal }));
  await new Promise(setImmediate);
  for (const call of calls) call.settle();
  process.off('warning', onWarning);
  assert.deepEqual(warnings, []);
});

const REPORT = { fraction: 0.5 };
const TILE_REPORT = {
  fraction: 0.5,
  tile: {
    row: 1,
    col: 2,
    pre: { x: 10, y: 20, width: 30, height: 40 },
    post: { x: 1, y: 2, width: 28, height: 36 },
    slice: { data: Buffer.from([1, 2, 3]), width: 1, height: 1, channels: 3 },
  },
};

test('a callback of two parameters gets slices and where they are, as UpscalerJS gives them', () => {
  const seen = [];
  const progress = (fraction, slice, sliceData) => seen.push([fraction, slice, sliceData]);
  assert.ok(wantsSlices(progress));
  reportTo(progress, 'base64', new Call({}))(TILE_REPORT);
  const patchCoordinates = {
    pre: { origin: [20, 10], size: [40, 30] },
    post: { origin: [2, 1], size: [36, 28] },
  };
  assert.deepEqual(seen, [[0.5, 'data:image/png;base64,AQID', { row: 1, col: 2, patchCoordinates }]]);
});

test('a callback of one parameter, or none, gets the fraction alone', () => {
  for (const progress of [(_fraction) => {}, () => {}, (..._all) => {}]) assert.ok(!wantsSlices(progress));
  const seen = [];
  reportTo((...args) => seen.push(args), 'buffer', new Call({}))(REPORT);
  assert.deepEqual(seen, [[0.5]]);
});

test('a callback that throws cancels its call, whether at once or in a promise', async () => {
  const boom = new Error('boom');
  const call = new Call({});
  reportTo(
    () => {
      throw boom;
    },
    'buffer',
    call,
  )(REPORT);
  assert.equal(call.signal.reason, boom);

  const later = new Call({});
  reportTo(async () => Promise.reject(boom), 'buffer', later)(REPORT);
  await new Promise(setImmediate);
  assert.equal(later.signal.reason, boom);
});

test('no callback after the end', () => {
  const settled = new Call({});
  settled.settle();
  const cancelled = new Call({});
  cancelled.cancel(new Error());
  for (const call of [settled, cancelled]) reportTo(() => assert.fail(), 'buffer', call)(REPORT);
});

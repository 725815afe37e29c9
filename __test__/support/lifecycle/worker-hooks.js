'use strict';

const { once } = require('node:events');
const { setTimeout: wait } = require('node:timers/promises');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const Upscaler = require('../../..');
const { NEAREST } = require('../pixels');
const { picture } = require('./picture');

/**
 * Worker threads that are ended while their own functions work on pictures: what other threads hold of those functions is
 * let go of at any moment. Prints how many there were, and what is left of their calls.
 */

const WORKERS = 40;
const CALLS = 12;

async function work() {
  const pause = (milliseconds) => async (tensor) => (await wait(milliseconds), tensor);
  const definition = { path: NEAREST, scale: 2, inputRange: [0, 1], outputRange: [0, 1] };
  const upscaler = new Upscaler({ model: { ...definition, preprocess: pause(30), postprocess: pause(5) } });
  await upscaler.ready;
  const image = picture(300);
  const calls = Array.from({ length: CALLS }, () => upscaler.upscale(image));
  parentPort.postMessage('begun');
  await Promise.all(calls);
}

async function main() {
  for (let i = 0; i < WORKERS; i++) {
    const worker = new Worker(__filename);
    await once(worker, 'message');
    await wait((i * 37) % 150);
    await worker.terminate();
  }
  for (let tries = 0; tries < 100 && Upscaler.counters().running > 0; tries++) await wait(100);
  const { queued, running } = Upscaler.counters();
  console.log(WORKERS, queued, running);
}

if (isMainThread) main();
else work();

'use strict';

const { once } = require('node:events');
const { setTimeout: wait } = require('node:timers/promises');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const Upscaler = require('../../..');
const { picture, sum } = require('./picture');

/**
 * A hundred worker threads, four at a time, that are ended wherever they are: while they load the library or the model, while
 * they decode, compute, compress, or hand over a result. Prints whether this thread computes the same before and afterwards,
 * and whether nothing is left of their calls.
 */

const WORKERS = 100;
const AT_A_TIME = 4;
/** When a worker is ended, in milliseconds after its start, beside the moment of its first result. */
const MOMENTS = [0, 15, 30, 45, 60, 90, 130, undefined];

async function work() {
  const upscaler = new Upscaler();
  for (;;) {
    const calls = [picture(60), picture(200), await upscaler.upscale(picture(20))].map((image) =>
      upscaler.upscale(image, { progress: (_fraction, _slice) => {} }),
    );
    await Promise.race(calls);
    parentPort.postMessage('first');
    await Promise.all(calls);
  }
}

async function terminated(index) {
  const worker = new Worker(__filename);
  const moment = MOMENTS[index % MOMENTS.length];
  await (moment === undefined ? once(worker, 'message') : wait(moment));
  await worker.terminate();
}

async function main() {
  const upscaler = new Upscaler();
  const before = await sum(upscaler);
  let next = 0;
  const lane = async () => {
    while (next < WORKERS) await terminated(next++);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  const same = before === (await sum(upscaler));
  await upscaler.dispose();
  // What was begun in them is let go of within a tile.
  for (let tries = 0; tries < 100 && Upscaler.counters().running > 0; tries++) await wait(100);
  const { queued, running } = Upscaler.counters();
  console.log(next, same, queued, running);
}

if (isMainThread) main();
else work();

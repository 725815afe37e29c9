'use strict';

const { randomUUID } = require('node:crypto');
const { UpscaleQueue, UpscaleWorker } = require('@upscaler-node/bullmq');
const { DOUBLER } = require('../support/doubled');

/** What would never come fails its own test, and not the whole run. */
const WAIT = { timeout: 60_000 };

/**
 * @callback Use
 * @param {UpscaleQueue} queue
 * @param {(own?: object) => Promise<UpscaleWorker>} work starts a worker
 * @param {() => UpscaleQueue} produce one more producer
 * @returns {Promise<void>}
 */

/**
 * A queue of its own, with workers and further producers for it.
 *
 * @param {import('../support/redis').RedisServer} redis
 * @param {object} options of the queue
 * @param {Use} use
 */
async function withQueue(redis, options, use) {
  const common = { connection: redis.connection, name: randomUUID(), ...options };
  const queues = [new UpscaleQueue(common)];
  const workers = [];
  const work = async (own) => {
    const worker = new UpscaleWorker({ ...DOUBLER, ...common, ...own });
    workers.push(worker);
    await worker.ready();
    return worker;
  };
  const produce = () => {
    queues.push(new UpscaleQueue(common));
    return queues.at(-1);
  };
  try {
    await use(queues[0], work, produce);
  } finally {
    await Promise.all(workers.map((worker) => worker.close({ grace: 0 })));
    await Promise.all(queues.map((queue) => queue.close()));
  }
}

/**
 * What a worker says of its jobs from now on, as `[event, id]`.
 *
 * @param {UpscaleWorker} worker
 */
function statesOf(worker) {
  const seen = [];
  for (const event of ['active', 'completed', 'failed'])
    worker.on(event, (job) => seen.push([event, job.id]));
  return seen;
}

/**
 * How often a worker began a job.
 *
 * @param {ReturnType<typeof statesOf>} seen
 */
function timesActive(seen) {
  return seen.filter(([event]) => event === 'active').length;
}

module.exports = { WAIT, withQueue, statesOf, timesActive };

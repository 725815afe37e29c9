'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { createInterface } = require('node:readline');
const { FileStore, UpscaleWorker } = require('@upscaler-node/bullmq');
const { eventually } = require('./http');

/**
 * A worker as a process of its own, which can be killed.
 *
 * @param {object} options of UpscaleWorker, `folder` of a FileStore, `crashOn` the name of a picture that ends it, and
 *   `skew` milliseconds by which its clock is wrong
 */
async function startWorker(options) {
  const child = spawn(process.execPath, [__filename, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const events = [];
  createInterface(child.stdout).on('line', (line) => events.push(JSON.parse(line)));
  // Not 'exit': what it said last may still be on its way then.
  const exited = once(child, 'close');
  const worker = {
    child,
    /** `[event, id]` as they came. */
    events,
    ids: (event) => events.filter(([name]) => name === event).map(([, id]) => id),
    until: (event, count = 1) => eventually(() => worker.ids(event).length >= count),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    /** @param {number} [grace] */
    async close(grace) {
      child.stdin.write(`${grace ?? 30_000}\n`);
      await exited;
    },
    exited,
  };
  try {
    // It may be ended by what it finds in the queue.
    await Promise.race([worker.until('ready-for-work'), exited]);
  } catch (error) {
    await worker.kill();
    throw error;
  }
  return worker;
}

async function main() {
  const { folder, crashOn, skew = 0, ...options } = JSON.parse(process.argv[2]);
  const now = Date.now;
  Date.now = () => now() + skew;
  const store = folder && new FileStore(folder);
  const worker = new UpscaleWorker({ lockDuration: 1000, stalledInterval: 500, ...options, store });
  const say = (...event) => process.stdout.write(`${JSON.stringify(event)}\n`);
  for (const event of ['active', 'completed', 'failed', 'returned']) {
    worker.on(event, (job) => say(event, job?.id));
  }
  worker.on('active', (job) => {
    // One that BullMQ fails by itself is not worked on.
    const worked = !job.deferredFailure;
    if (worked && crashOn && job.data.filename === crashOn) process.kill(process.pid, 'SIGKILL');
  });
  await worker.ready().catch((error) => say('not-ready', error.message));
  say('ready-for-work');
  createInterface(process.stdin).once('line', async (grace) => {
    await worker.close({ grace: Number(grace) });
    process.exit(0);
  });
}

if (require.main === module) main();

module.exports = { startWorker };

/**
 * Many jobs through Redis and several workers, one of which is killed now and then, against the same pictures with the
 * same options in one process, which has all cores and is not killed:
 * `node scripts/queue-load.mjs [jobs] [workers] [seconds between kills]`. It wants redis-server, and a quiet machine.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const require = createRequire(import.meta.url);
const Upscaler = require('..');
const { UpscaleQueue } = require('@upscaler-node/bullmq');
const { RedisServer } = require('../__test__/support/redis.js');
const { startWorker } = require('../__test__/support/worker-process.js');

/** What people upload, by turns. */
const UPLOADS = [
  (/** @type {sharp.Sharp} */ image) => image.jpeg({ quality: 85 }),
  (/** @type {sharp.Sharp} */ image) => image.png(),
  (/** @type {sharp.Sharp} */ image) => image.webp({ quality: 85 }),
];
/** What is asked for of the pictures, by turns. */
const VARIANTS = [{}, { scale: 1.5, format: 'webp' }, { width: 200, format: 'jpeg' }, { format: 'png' }];
/** Sides of the pictures in pixels: from avatars to small photos. */
const SMALLEST = 64;
const LARGEST = 383;
/** Pictures that the one process has at a time: the default of a server. Workers have their own default. */
const CONCURRENCY = 2 * os.availableParallelism();
/** Short, so that the last jobs do not wait for the lock of a worker that was killed near the end. */
const LOCK = { lockDuration: 2000, stalledInterval: 1000 };
/** Milliseconds after which a job that is not done counts as lost. */
const PATIENCE = 15 * 60 * 1000;

/**
 * @param {{ jobs: number, workers: number, killEvery: number }} load
 * @returns {Promise<{ done: number, failed: number, wrong: number, kills: number, megapixels: number, queued: number,
 *   direct: number }>} jobs by what came of them, and the seconds that all took through the queue and in one process
 */
export async function loadQueue({ jobs, workers, killEvery }) {
  const work = await Promise.all(Array.from({ length: jobs }, (_, index) => task(index)));
  const megapixels = work.reduce((sum, { side }) => sum + side ** 2 / 1e6, 0);
  const { hashes, seconds: direct } = await inOneProcess(work);
  const redis = await RedisServer.start(['--appendfsync', 'everysec']);
  try {
    const { results, ...queued } = await throughQueue(work, { redis, workers, killEvery });
    const done = results.filter((result) => typeof result === 'string');
    const wrong = results.filter((result, i) => typeof result === 'string' && result !== hashes[i]);
    const counts = { done: done.length, failed: jobs - done.length, wrong: wrong.length };
    return { ...counts, megapixels, ...queued, direct };
  } finally {
    await redis.stop();
  }
}

/**
 * A picture unlike the others, and what is asked for of it.
 *
 * @param {number} index
 */
async function task(index) {
  const file = fileURLToPath(new URL('../examples/images/astronaut.png', import.meta.url));
  const side = SMALLEST + ((index * 13) % (LARGEST + 1 - SMALLEST));
  // The photo is 512 x 512.
  const region = { left: (index * 7) % 128, top: (index * 3) % 128, width: side, height: side };
  const image = await UPLOADS[index % UPLOADS.length](sharp(file).extract(region)).toBuffer();
  return { image, side, variant: VARIANTS[index % VARIANTS.length] };
}

/** @param {{ image: Buffer, variant: object }[]} work */
async function inOneProcess(work) {
  const upscaler = new Upscaler();
  await upscaler.ready;
  /** @type {string[]} */
  const hashes = [];
  const begun = performance.now();
  let next = 0;
  const one = async () => {
    while (next < work.length) {
      const index = next++;
      hashes[index] = hash(await upscaler.upscale(work[index].image, work[index].variant));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, one));
  const seconds = (performance.now() - begun) / 1e3;
  await upscaler.dispose();
  return { hashes, seconds };
}

/**
 * @param {{ image: Buffer, variant: object }[]} work
 * @param {{ redis: any, workers: number, killEvery: number }} how
 * @returns {Promise<{ results: unknown[], kills: number, queued: number }>} a hash for each job, or its error
 */
async function throughQueue(work, { redis, workers, killEvery }) {
  const options = { connection: redis.connection, name: 'load' };
  // The workers are on one machine, and share its cores.
  const instance = { threads: Math.max(1, Math.floor(os.availableParallelism() / workers)) };
  const start = () => startWorker({ ...options, ...LOCK, maxStalledCount: 100, instance });
  const queue = new UpscaleQueue({ ...options, attempts: 10, requestTimeout: 60_000 });
  const running = await Promise.all(Array.from({ length: workers }, start));
  const killer = killByTurns(running, start, killEvery);
  try {
    const begun = performance.now();
    const results = await Promise.all(
      work.map(async ({ image, variant }) => {
        const job = await queue.add(image, { ...variant, deduplicate: false });
        return job.finished({ timeout: PATIENCE }).then(({ data }) => hash(data), Object);
      }),
    );
    return { results, queued: (performance.now() - begun) / 1e3, kills: await killer.stop() };
  } finally {
    await killer.stop();
    await Promise.all(running.map((worker) => worker.kill()));
    await queue.close();
  }
}

/**
 * @param {any[]} running workers, each of which is replaced by a new one when it is killed
 * @param {() => Promise<any>} start
 * @param {number} every seconds
 */
function killByTurns(running, start, every) {
  const stopping = new AbortController();
  let kills = 0;
  const killing = (async () => {
    for (;;) {
      await sleep(every * 1000, undefined, { signal: stopping.signal });
      const at = kills++ % running.length;
      await running[at].kill();
      running[at] = await start();
    }
  })().catch((error) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    async stop() {
      stopping.abort();
      await killing;
      return kills;
    },
  };
}

/** @param {Buffer} data */
function hash(data) {
  return createHash('sha256').update(data).digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [jobs = '2000', workers = '3', killEvery = '20'] = process.argv.slice(2);
  const outcome = await loadQueue({
    jobs: Number(jobs),
    workers: Number(workers),
    killEvery: Number(killEvery),
  });
  console.log(outcome);
  console.log(
    `through the queue ${(outcome.queued / outcome.direct - 1).toLocaleString('en', { style: 'percent' })} longer`,
  );
}

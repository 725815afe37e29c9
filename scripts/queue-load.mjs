/**
 * Many jobs through Redis and several workers, one of which is killed now and then, against the same work in one
 * process: `node scripts/queue-load.mjs [jobs] [workers] [seconds between kills]`. It wants redis-server.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const require = createRequire(import.meta.url);
const Upscaler = require('..');
const { UpscaleQueue } = require('@upscaler-node/bullmq');
const { RedisServer } = require('../__test__/support/redis.js');
const { startWorker } = require('../__test__/support/worker-process.js');

/** What is asked for of the pictures, by turns. */
const VARIANTS = [{}, { scale: 1.5, format: 'webp' }, { width: 200, format: 'jpeg' }, { format: 'png' }];
/** Jobs that one process has at a time. */
const CONCURRENCY = 4;

/**
 * @param {{ jobs: number, workers: number, killEvery: number }} load
 * @returns {Promise<{ done: number, failed: number, wrong: number, kills: number, queued: number, direct: number }>}
 *   pictures by what came of them, and the seconds that all took through the queue and in one process
 */
export async function loadQueue({ jobs, workers, killEvery }) {
  const work = await Promise.all(Array.from({ length: jobs }, (_, index) => task(index)));
  const { hashes, seconds: direct } = await inOneProcess(work);
  const redis = await RedisServer.start(['--appendfsync', 'everysec']);
  const options = { connection: redis.connection, name: 'load' };
  const queue = new UpscaleQueue({ ...options, attempts: 10 });
  const start = () =>
    startWorker({ ...options, concurrency: CONCURRENCY, maxStalledCount: 100, instance: {} });
  const running = await Promise.all(Array.from({ length: workers }, start));
  let kills = 0;
  const killer = setInterval(async () => {
    const at = kills++ % workers;
    await running[at].kill();
    running[at] = await start();
  }, killEvery * 1000);
  try {
    const begun = performance.now();
    const added = await Promise.all(
      work.map(({ image, variant }) => queue.add(image, { ...variant, deduplicate: false })),
    );
    const results = await Promise.allSettled(added.map((job) => job.finished()));
    const queued = (performance.now() - begun) / 1e3;
    const done = results.filter(({ status }) => status === 'fulfilled');
    const wrong = results.filter(
      (result, i) => result.status === 'fulfilled' && hash(result.value.data) !== hashes[i],
    );
    return { done: done.length, failed: jobs - done.length, wrong: wrong.length, kills, queued, direct };
  } finally {
    clearInterval(killer);
    for (const worker of running) await worker.kill();
    await queue.close();
    await redis.stop();
  }
}

/**
 * A picture unlike the others, and what is asked for of it.
 *
 * @param {number} index
 */
async function task(index) {
  const file = fileURLToPath(new URL('../examples/images/chelsea.png', import.meta.url));
  const side = 64 + ((index * 13) % 64);
  const region = { left: (index * 7) % 100, top: (index * 3) % 100, width: side, height: side };
  const image = await sharp(file).extract(region).png().toBuffer();
  return { image, variant: VARIANTS[index % VARIANTS.length] };
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

/** @param {Buffer} data */
function hash(data) {
  return createHash('sha256').update(data).digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [jobs = '2000', workers = '3', killEvery = '20'] = process.argv.slice(2);
  console.log(
    await loadQueue({ jobs: Number(jobs), workers: Number(workers), killEvery: Number(killEvery) }),
  );
}

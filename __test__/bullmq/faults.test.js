'use strict';

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const { after, before, suite, test } = require('node:test');
const { UpscaleQueue } = require('@upscaler-node/bullmq');
const Upscaler = require('upscaler-node');
const { DOUBLER, assertDoubled, largePng, smallPng } = require('../support/doubled');
const { eventually } = require('../support/http');
const { RedisServer, SKIP } = require('../support/redis');
const { startWorker } = require('../support/worker-process');

suite('when things fail', { skip: SKIP }, () => {
  let redis;
  let png;
  before(async () => {
    redis = await RedisServer.start();
    png = await smallPng();
  });
  after(() => redis.stop());

  /**
   * @param {(queue: UpscaleQueue, work: (options?: object) => ReturnType<typeof startWorker>) => Promise<void>} use
   * @param {{ server?: RedisServer, options?: object }} [how]
   */
  async function withQueue(use, { server = redis, options = {} } = {}) {
    const common = { connection: server.connection, name: randomUUID() };
    const queue = new UpscaleQueue({ ...common, ...options });
    const workers = [];
    try {
      await use(queue, async (own) => {
        const worker = await startWorker({ ...DOUBLER, ...common, ...own });
        workers.push(worker);
        return worker;
      });
    } finally {
      for (const worker of workers) await worker.kill();
      await queue.close();
    }
  }

  test('a worker that is killed: its picture is done again, once, by another', async () => {
    await withQueue(async (queue, work) => {
      const [first, second] = [await work({ instance: {} }), await work({ instance: {} })];
      const large = await largePng(300);
      const upscaler = new Upscaler();
      const expected = await upscaler.upscale(large);
      await upscaler.dispose();
      const job = await queue.add(large);
      await eventually(() => first.ids('active').length + second.ids('active').length === 1);
      const [killed, other] = first.ids('active').length === 1 ? [first, second] : [second, first];
      await killed.kill();
      const { data } = await job.finished();
      assert.ok(data.equals(expected));
      await other.until('completed');
      assert.deepEqual([...killed.ids('completed'), ...other.ids('completed')], [job.id]);
      assert.equal((await queue.counts()).completed, 1);
    });
  });

  test('a picture that ends every worker is put into quarantine, and the others are done', async () => {
    await withQueue(
      async (queue, work) => {
        const poison = await queue.add(png, { filename: 'poison', deduplicate: false });
        const rejected = assert.rejects(poison.finished(), { message: /quarantined/ });
        for (let i = 0; i < 3; i++) {
          const worker = await work({ crashOn: 'poison', maxStalledCount: 2 });
          await worker.exited;
        }
        await work({ crashOn: 'poison', maxStalledCount: 2 });
        await rejected;
        await assertDoubled((await (await queue.add(png)).finished()).data);
        const quarantine = await queue.quarantine();
        assert.deepEqual(
          quarantine.map(({ id }) => id),
          [poison.id],
        );
        // It is kept with its picture, and goes neither with what failed and is old, nor by BullMQ when that fails.
        assert.ok(quarantine[0].job.data.picture.inline);
        for (let i = 0; i < 2; i++) {
          const damaged = await queue.add(png.subarray(0, 60 + i));
          await assert.rejects(damaged.finished());
          await eventually(async () => (await queue.get(damaged.id)) === undefined);
        }
        assert.ok((await queue.quarantine())[0].job.data.picture.inline);
      },
      { options: { ttl: 1000 } },
    );
  });

  test('a worker without the model gives its job back for one that has it', async () => {
    await withQueue(async (queue, work) => {
      const without = await work({ models: [], modelRetryDelay: 50 });
      const job = await queue.add(png, { model: 'denoise-2x-0' });
      await without.until('returned', 2);
      assert.deepEqual(without.ids('failed'), []);
      const having = await work({ models: ['denoise-2x-0'] });
      const { info } = await job.finished();
      assert.equal(info.model, 'denoise-2x-0');
      await having.until('completed');
    });
  });

  test('a worker that is shut down hands its work back at once', async () => {
    await withQueue(async (queue, work) => {
      // A lock of an hour: nobody could take the job before, had it not been handed back.
      const options = { instance: {}, lockDuration: 3_600_000 };
      const first = await work(options);
      const job = await queue.add(await largePng(400), { attempts: 1 });
      await first.until('active');
      await first.close(0);
      // BullMQ may give it the same job once more before it has stopped listening.
      assert.deepEqual([...new Set(first.ids('returned'))], [job.id]);
      assert.deepEqual(first.ids('completed'), []);
      const second = await work(options);
      assert.equal((await job.finished()).info.width, 800);
      await second.until('completed');
    });
  });

  test('a worker that is shut down finishes its work where there is time', async () => {
    await withQueue(async (queue, work) => {
      const worker = await work({ instance: {} });
      const job = await queue.add(await largePng(300));
      await worker.until('active');
      await worker.close();
      assert.deepEqual(worker.ids('completed'), [job.id]);
      assert.equal((await job.finished()).info.width, 600);
    });
  });

  test('Redis is killed and comes back: nothing that was accepted is lost', async () => {
    const server = await RedisServer.start();
    try {
      await withQueue(
        async (queue, work) => {
          const before = await Promise.all([1, 2, 3].map(() => queue.add(png, { deduplicate: false })));
          await server.kill();
          await server.run();
          const worker = await work();
          const later = await queue.add(png, { deduplicate: false });
          for (const job of [...before, later]) await assertDoubled((await job.finished()).data);
          // And under a worker that waits for work.
          await server.kill();
          await server.run();
          const last = await queue.add(png, { deduplicate: false });
          await assertDoubled((await last.finished()).data);
          assert.equal(new Set(worker.ids('completed')).size, 5);
        },
        { server },
      );
    } finally {
      await server.stop();
    }
  });

  test('Redis is not there: producers hear of it', async () => {
    const server = await RedisServer.start();
    try {
      await withQueue(
        async (queue) => {
          await queue.add(png);
          await server.kill();
          await assert.rejects(queue.add(png, { scale: 3 }), { code: 'ERR_UPSCALER_QUEUE', statusCode: 503 });
          await server.run();
          await eventually(() => queue.add(png, { scale: 3 }).catch(() => undefined));
        },
        { server, options: { requestTimeout: 1000 } },
      );
    } finally {
      await server.stop();
    }
  });

  test('Redis is full: producers hear of it, and go on when there is room', async () => {
    const server = await RedisServer.start();
    try {
      await withQueue(
        async (queue, work) => {
          const done = await queue.add(png);
          await server.command('config', 'set', 'maxmemory', '1');
          await assert.rejects(queue.add(png, { scale: 3 }), {
            code: 'ERR_UPSCALER_QUEUE_FULL',
            statusCode: 503,
            message: /Redis .* is full/,
          });
          await server.command('config', 'set', 'maxmemory', '0');
          await work();
          await assertDoubled((await done.finished()).data);
          assert.equal((await (await queue.add(png, { scale: 3 })).finished()).info.width, 36);
        },
        { server },
      );
    } finally {
      await server.stop();
    }
  });

  test("workers whose clocks are an hour off take nothing from each other's hands", async () => {
    await withQueue(async (queue, work) => {
      const hour = 3_600_000;
      const workers = [await work({ skew: hour }), await work({ skew: -hour })];
      const jobs = [];
      for (let i = 0; i < 6; i++)
        jobs.push(await queue.add(await largePng(150 + i), { model: 'denoise-2x-0' }));
      await Promise.all(jobs.map((job) => job.finished()));
      const taken = workers.flatMap((worker) => worker.ids('active'));
      assert.deepEqual(taken.sort(), jobs.map(({ id }) => id).sort());
    });
  });
});

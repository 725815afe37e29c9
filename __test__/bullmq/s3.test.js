'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { S3Client } = require('@aws-sdk/client-s3');
const { S3Store, UpscaleQueue, UpscaleWorker } = require('@upscaler-node/bullmq');
const S3rver = require('s3rver');
const { DOUBLER, assertDoubled, smallPng } = require('../support/doubled');
const { RedisServer, SKIP } = require('../support/redis');

/** The client of AWS against s3rver, which speaks S3's protocol and keeps its objects in a folder. */
let server;
let client;
let store;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-s3-'));
before(async () => {
  server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: 'pictures' }],
  });
  const { port } = await server.run();
  client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
  });
  store = new S3Store({ client, bucket: 'pictures', prefix: 'upscaler/' });
});
after(async () => {
  client.destroy();
  await server.close();
  fs.rmSync(folder, { recursive: true });
});

test('objects are written, read, told apart and deleted', async () => {
  const bytes = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => i * 7));
  await store.put('inputs/a', bytes, 'image/png');
  assert.ok((await store.get('inputs/a')).equals(bytes));
  const first = await store.version('inputs/a');
  await store.put('inputs/a', bytes.subarray(1), 'image/png');
  assert.notEqual(await store.version('inputs/a'), first);
  await store.delete('inputs/a');
  await assert.rejects(store.get('inputs/a'), { code: 'ERR_UPSCALER_READ' });
  await assert.rejects(store.version('inputs/a'), { code: 'ERR_UPSCALER_READ' });
});

test('pictures travel through the bucket', { skip: SKIP }, async () => {
  const redis = await RedisServer.start();
  const options = { connection: redis.connection, store, inlineLimit: 100 };
  const queue = new UpscaleQueue(options);
  const worker = new UpscaleWorker({ ...DOUBLER, ...options });
  try {
    const png = await smallPng();
    const { data, key } = await (await queue.add(png)).finished();
    await assertDoubled(data);
    assert.ok((await store.get(key)).equals(data));
    await store.put('uploads/mine.png', png);
    const job = await queue.add({ key: 'uploads/mine.png' });
    await assertDoubled((await job.finished()).data);
  } finally {
    await worker.close();
    await queue.close();
    await redis.stop();
  }
});

// node producer.js photo.jpg: the picture in three widths, for srcset, made wherever a worker runs.
const { writeFile } = require('node:fs/promises');
const path = require('node:path');
const { FileStore, UpscaleQueue } = require('@upscaler-node/bullmq');

async function main(file) {
  const queue = new UpscaleQueue({
    connection: { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' },
    store: new FileStore(process.env.PICTURES ?? '/var/lib/pictures'),
  });
  try {
    const job = await queue.addVariants(
      { path: file },
      [1, 2, 3].map((scale) => ({ scale, format: 'webp', quality: 80 })),
    );
    for (const { data, info } of await job.variants({ timeout: 120_000 })) {
      const name = `${path.parse(file).name}-${info.width}.webp`;
      await writeFile(name, data);
      console.log(`${name} ${info.width}w`);
    }
  } finally {
    await queue.close();
  }
}

main(process.argv[2]).catch((error) => {
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
});

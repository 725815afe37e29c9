'use strict';

/** What scripts/valgrind.mjs looks at: a model loaded, a small picture of every format in and out, a call cancelled, all disposed. */
const { readFileSync } = require('node:fs');
const path = require('node:path');
const Upscaler = require('..');

const fixture = (name) => readFileSync(path.join(__dirname, '..', 'tests', 'fixtures', name));

/** One file for each decoder, and what its result is written as: each encoder once. */
const PICTURES = {
  'small/rgba.png': 'png',
  'raster/orient-1.jpg': 'jpeg',
  'raster/icc-p3.webp': 'webp',
  'raster/icc-p3.tif': 'tiff',
  'small/animated.gif': 'gif',
  'modern/p3-nclx.avif': 'avif',
  'modern/boxed.jxl': 'png',
  'small/binary.ppm': 'raw',
  'small/operations.qoi': 'raw',
  'small/bitmap.ico': 'raw',
};

async function main() {
  const upscaler = new Upscaler({ model: 'span-2x', threads: 2 });
  for (const [name, format] of Object.entries(PICTURES)) {
    const output = format === 'raw' ? { output: 'raw' } : { format, keepMetadata: 'all' };
    const options = { ...output, animated: format === 'gif', timeout: 600_000 };
    await upscaler.upscale(fixture(name), options);
    console.log(name);
  }
  const broken = await upscaler.upscale(fixture('hostile/gif_frame_larger.gif')).catch(({ code }) => code);
  const controller = new AbortController();
  const cancelled = upscaler.upscale(fixture('raster/photo.png'), { signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  const ended = await cancelled.then(
    () => 'done',
    ({ name }) => name,
  );
  await upscaler.dispose();
  console.log(
    `${Object.keys(PICTURES).length} pictures, a broken one (${broken}), a cancelled one (${ended})`,
  );
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 9;
});

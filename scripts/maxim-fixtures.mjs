/**
 * `node scripts/maxim-fixtures.mjs [id …]`: what TensorFlow.js makes of a small picture with each MAXIM model, written
 * to __test__/fixtures/maxim for the tests to compare with. Its plain JavaScript backend is the only one that has all
 * of the operators: a model takes minutes.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import sharp from 'sharp';
import { ROOT } from './install.mjs';
import { bring } from './models/sources.mjs';

const require = createRequire(import.meta.url);
const { entries } = require('../lib/catalogue');
const FOLDER = path.join(ROOT, '__test__', 'fixtures', 'maxim');
const INPUT = path.join(FOLDER, 'input.png');
/** The side of the picture, which is the least that the models take, and where it lies in examples/images. */
const SIDE = 64;
const CROP = { left: 208, top: 64, width: SIDE, height: SIDE };

mkdirSync(FOLDER, { recursive: true });
if (!existsSync(INPUT)) {
  await sharp(path.join(ROOT, 'examples', 'images', 'astronaut.png'))
    .extract(CROP)
    .removeAlpha()
    .toFile(INPUT);
}
const pixels = await sharp(INPUT).raw().toBuffer();
const named = process.argv.slice(2);
for (const entry of entries) {
  const wanted = named.length === 0 ? entry.architecture === 'maxim' : named.includes(entry.id);
  if (wanted) await write(entry);
}

/** @param {import('../lib/catalogue/entry').Entry} entry */
async function write(entry) {
  const [file, ...shards] = bring(entry);
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(file, 'utf8'));
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const weightData = new Uint8Array(Buffer.concat(shards.map((shard) => readFileSync(shard)))).buffer;
  const model = await loadGraphModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) });
  const input = tf.tensor4d(
    Float32Array.from(pixels, (value) => value / 255),
    [1, SIDE, SIDE, 3],
  );
  const started = performance.now();
  const result = /** @type {tf.Tensor} */ (model.execute(input));
  const values = await result.data();
  console.error(`${entry.id}: ${Math.round((performance.now() - started) / 1000)} s`);
  // Sixteen bits round by 0.002 of 255 at most.
  const samples = Uint16Array.from(values, (value) => Math.round(Math.min(Math.max(value, 0), 1) * 65535));
  await sharp(samples, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .toColourspace('rgb16')
    .png({ compressionLevel: 9 })
    .toFile(path.join(FOLDER, `${entry.id}.png`));
  tf.dispose([input, result]);
  model.dispose();
}

/** From published weights to the files of a model package. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from '../install.mjs';
import { bring } from './sources.mjs';

const require = createRequire(import.meta.url);
const { int8Name } = require('../../lib/precision');
const PICTURES = path.join(ROOT, 'examples', 'images');

/**
 * The files of a model within its package.
 *
 * @param {import('../../lib/catalogue/entry').Entry} entry
 * @returns {Promise<[string, Uint8Array][]>} names relative to the package, and bytes
 */
export async function build(entry) {
  const published = bring(entry);
  // A graph is specialised to the size of the picture, by the library, when there is a picture.
  if (entry.modelType === 'graph') {
    return published.map((file) => [`dist/${path.basename(file)}`, readFileSync(file)]);
  }
  const { convertModel } = require('../../lib/convert');
  const [source] = published;
  const { scale, channels, inputRange, outputRange } = entry;
  const definition = { path: source, scale, channels, inputRange, outputRange };
  const files = [[entry.file, await convertModel(definition, { storage: 'float16' })]];
  if (entry.precisions.includes('int8')) files.push([int8Name(entry.file), await quantized(definition)]);
  return files;
}

/**
 * The model in int8, calibrated on the pictures of this repository.
 *
 * @param {object} definition
 * @returns {Promise<Uint8Array>}
 */
async function quantized(definition) {
  const { quantizeModel } = require('../../lib/quantize');
  const made = await quantizeModel(definition, PICTURES, { storage: 'float16' });
  console.error(`int8: ${made.psnr.toFixed(1)} dB against float32`);
  return made.onnx;
}

/** From published weights to the files of a model package. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { bring } from './sources.mjs';

const require = createRequire(import.meta.url);

/**
 * The files of a model within its package.
 *
 * @param {import('../../lib/catalogue/entry').Entry} entry
 * @returns {Promise<[string, Uint8Array][]>} names relative to the package, and bytes
 */
export async function build(entry) {
  const files = bring(entry);
  // A graph is specialised to the size of the picture, by the library, when there is a picture.
  if (entry.modelType === 'graph') {
    return files.map((file) => [`dist/${path.basename(file)}`, readFileSync(file)]);
  }
  const { convertModel } = require('../../lib/convert');
  const [source] = files;
  const { scale, channels, inputRange, outputRange } = entry;
  const definition = { path: source, scale, channels, inputRange, outputRange };
  return [[entry.file, await convertModel(definition, { storage: 'float16' })]];
}

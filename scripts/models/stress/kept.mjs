/** The stress set, kept under .cache/stress once it has been made: large photographs take minutes to reduce. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { ROOT } from '../../install.mjs';
import { leftOut } from './bring.mjs';
import { stressSet } from './index.mjs';

/** @typedef {import('./picture.mjs').Picture} Picture */

/** What works on the set, and does not change it. */
const JUDGES = [
  'chosen.mjs',
  'compare.mjs',
  'enlarge.mjs',
  'fixtures.mjs',
  'kept.mjs',
  'share.mjs',
  'sheet.mjs',
];
const HERE = path.dirname(fileURLToPath(import.meta.url));

/**
 * @param {'stress' | 'held-out'} set
 * @param {{ clones?: string }} [options] see stressSet
 * @returns {Promise<{ pictures: Picture[], leftOut: string[] }>} and what could not be had
 */
export async function keptSet(set, options = {}) {
  const file = path.join(ROOT, '.cache', 'stress', `${set}-${version(options)}.bin`);
  if (existsSync(file)) {
    const kept = deserialize(readFileSync(file));
    for (const line of kept.leftOut) console.error(`LEFT OUT of the stress set: ${line}`);
    return { ...kept, pictures: kept.pictures.map(withFile) };
  }
  /** @type {Picture[]} */
  const pictures = [];
  for await (const picture of stressSet(set, options)) pictures.push(picture);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, serialize({ pictures, leftOut }));
  return { pictures, leftOut: [...leftOut] };
}

/** A file comes back as bytes. @param {Picture} picture */
function withFile(picture) {
  return picture.input instanceof Uint8Array ? { ...picture, input: Buffer.from(picture.input) } : picture;
}

/** Changes with whatever makes the set. @param {{ clones?: string }} options */
function version({ clones }) {
  const hash = createHash('sha256');
  const makers = readdirSync(HERE).filter((name) => !JUDGES.includes(name));
  for (const name of makers.sort()) hash.update(readFileSync(path.join(HERE, name)));
  if (clones) hash.update(readdirSync(clones).sort().join());
  return hash.digest('hex').slice(0, 16);
}

/** Counts what is in the weights and writes it to lib/catalogue/facts.json. */
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from '../install.mjs';
import { measureGraph, readGraph } from './onnx.mjs';
import { bring, filesOf, sha256 } from './sources.mjs';

const require = createRequire(import.meta.url);
const Upscaler = require('../../index.js');
/** What scripts/models/measure.mjs fills in. */
const UNMEASURED = { quality: { set5: null }, relativeSpeed: null };
const FACTS = path.join(ROOT, 'lib', 'catalogue', 'facts.json');

/**
 * @typedef {import('../../lib/catalogue/entry').Entry} Entry
 */

/** @param {Entry[]} entries whose weights have been built; they learn what is found */
export async function countFacts(entries) {
  const facts = {};
  for (const entry of entries) {
    facts[entry.id] = await count(entry);
    Object.assign(entry, { ...UNMEASURED, ...entry, ...facts[entry.id] });
  }
  updateFacts(facts);
}

/**
 * Lays new facts over those that are there.
 *
 * @param {Record<string, object>} facts by model
 */
export function updateFacts(facts) {
  const all = JSON.parse(readFileSync(FACTS, 'utf8'));
  for (const [id, found] of Object.entries(facts)) all[id] = { ...(all[id] ?? UNMEASURED), ...found };
  writeFileSync(FACTS, `${JSON.stringify(all, null, 2)}\n`);
}

/** @param {Entry} entry */
async function count(entry) {
  const [source] = bring(entry);
  const file = path.join(ROOT, 'models', entry.family, entry.file);
  return entry.modelType === 'graph' ? countGraph(entry, source, file) : countNetwork(entry, source, file);
}

/**
 * A graph whose network is another one for every size: its work is that of the network for the smallest sizes.
 *
 * @param {Entry} entry
 * @param {string} source the published file
 * @param {string} file the same in the package
 */
async function countGraph({ scale, modelType, divisibilityFactor }, source, file) {
  const { macsPerPixel } = await describe({ path: source, scale, modelType, divisibilityFactor });
  return {
    parameters: trained(source),
    macsPerPixel,
    fileSize: sizeOfFolder(path.dirname(file)),
    sha256: sha256(filesOf(file)),
  };
}

/**
 * The trained numbers are those of the published file: what is shipped has been rewritten to be faster.
 *
 * @param {Entry} entry
 * @param {string} source the published file
 * @param {string} file what is shipped
 */
async function countNetwork({ scale, channels, inputRange, outputRange }, source, file) {
  const { parameters, halo } = await describe({ path: source, scale, channels, inputRange, outputRange });
  return {
    parameters,
    ...measureGraph(readGraph(readFileSync(file))),
    halo,
    fileSize: statSync(file).size,
    sha256: sha256([file]),
  };
}

/** @param {import('../../index.js').ModelDefinition} model */
async function describe(model) {
  const upscaler = new Upscaler({ model });
  try {
    return await upscaler.getModel();
  } finally {
    await upscaler.dispose();
  }
}

/** @param {string} file a model.json, among whose constants only those with dimensions were trained */
function trained(file) {
  const { weightsManifest } = JSON.parse(readFileSync(file, 'utf8'));
  return weightsManifest
    .flatMap(({ weights }) => weights)
    .filter(({ dtype, shape }) => dtype === 'float32' && shape.length > 0)
    .reduce((sum, { shape }) => sum + shape.reduce((all, one) => all * one, 1), 0);
}

/** @param {string} folder */
function sizeOfFolder(folder) {
  return readdirSync(folder).reduce((sum, file) => sum + statSync(path.join(folder, file)).size, 0);
}

// @ts-check
'use strict';

const { isPicture } = require('../batch/formats');
const { UsageError } = require('../arguments/usage-error');
const { print } = require('../terminal/output');

/**
 * `upscaler-node info`: what the catalogue says of a model and what is found in its file, as far as either is there.
 *
 * @typedef {Record<string, any>} Facts
 * @param {import('../arguments/commands').Invocation} invocation
 */
async function run({ operands: [model], options, command }) {
  if (isPicture(model)) {
    throw new UsageError(
      `info is about models and ${model} is a picture: upscaler-node compare ${model}`,
      command,
    );
  }
  const facts = await modelFacts(model, options.scale);
  await print(options.json ? JSON.stringify(facts, null, 2) : show(facts));
}

/**
 * @param {string} name as `model` of the constructor
 * @param {number} [scale]
 * @returns {Promise<Facts>}
 */
async function modelFacts(name, scale) {
  // Only now: it loads the addon.
  const Upscaler = require('../../index.js');
  const { findByName, listModels } = require('../../lib/models');
  const known = findByName(name, scale);
  const entry = known && listModels().find(({ id }) => id === known.id);
  if (entry !== undefined && !entry.installed) return { model: entry.id, ...entry };
  const upscaler = new Upscaler({ model: name, scale });
  try {
    const facts = await upscaler.getModel();
    return { ...facts, installed: true, missing: missing(facts) };
  } finally {
    await upscaler.dispose();
  }
}

/**
 * What somebody who knows the model should say of it, or know, for its results to be right.
 *
 * @param {Facts} facts
 * @returns {string[]}
 */
function missing({ id, inputRange, outputRange, receptiveField, halo, fixedSize, scale, modelDefinition }) {
  if (id !== undefined) return [];
  const advice = [];
  if (modelDefinition.inputRange === undefined) {
    advice.push(
      `inputRange and outputRange: a file that does not carry them is taken for ${range(inputRange)} and ${range(outputRange)}. Wrong ones show at once, as black, white or pale pictures; 0..1, 0..255 and -1..1 are usual`,
    );
  }
  if (fixedSize !== undefined) {
    advice.push(
      `a free size: it takes ${fixedSize.join(' x ')} only, so that tiles of this size overlap. Export it with a dynamic height and width if you can`,
    );
  } else if (halo === null) {
    advice.push(
      'memory: each pixel depends on the whole picture, which therefore runs at once. Give a patchSize for large ones, knowing that seams may show',
    );
  } else if (receptiveField !== null && receptiveField > halo) {
    advice.push(
      `nothing for its tiles: they overlap by ${halo} of the ${receptiveField} pixels that it sees, which hardly shows. A patchSize with a larger padding is exact`,
    );
  }
  if (scale === 1) advice.push('nothing for its scale: it restores a picture at its own size');
  return advice;
}

/**
 * @param {Facts} facts
 * @returns {string}
 */
function show(facts) {
  const rows = [...catalogueRows(facts), ...fileRows(facts)].filter(([, value]) => value != null);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  if (facts.id === undefined) lines.push('', 'A definition of it:', '', `  ${definition(facts)}`);
  if (facts.missing?.length > 0) {
    lines.push('', 'What it still needs to be told, or you to know:', '');
    lines.push(...facts.missing.map((/** @type {string} */ each) => `  - ${each}`));
  }
  return lines.join('\n');
}

/**
 * @param {Facts} facts
 * @returns {[string, unknown][]}
 */
function catalogueRows(facts) {
  if (facts.id === undefined) return [['model', facts.model]];
  const { training, origin, quality, settings } = facts;
  return [
    ['model', facts.id],
    ['', facts.description],
    ['aliases', list(facts.aliases)],
    ['path', facts.path],
    ['for', facts.noise === null ? facts.domain : `${facts.domain}, noise level ${facts.noise}`],
    [
      'default for',
      facts.artefacts && `JPEG up to quality ${facts.artefacts.jpeg}, WebP up to ${facts.artefacts.webp}`,
    ],
    ['architecture', `${facts.architecture} (${pairs(settings)})`],
    ['trained on', facts.dataset],
    ['training', training.description],
    ['paper', training.paper],
    ['trainer', training.repository],
    ['training run', facts.checkpoint ?? undefined],
    ['Set5', quality.set5 === null ? undefined : `${quality.set5.psnrY} dB, SSIM ${quality.set5.ssimY}`],
    ['published', facts.published === null ? undefined : pairs(facts.published)],
    ['speed', facts.relativeSpeed === null ? undefined : `${facts.relativeSpeed} of span-2x's`],
    ['stability', stability(facts.stability)],
    ['with the guard', stability(facts.guardedStability)],
    ['in int8', stability(facts.int8Stability)],
    ['file size', bytes(facts.fileSize)],
    ['precisions', list(facts.precisions)],
    ['quantization', facts.quantization ?? undefined],
    [
      'guarded',
      facts.faithful ? `what it blows up is replaced by ${facts.fallback ?? 'resampling'}` : undefined,
    ],
    ['authors', facts.authors],
    ['licence', `${facts.license} (${facts.licenseUrl})`],
    ['origin', `${origin.registry}: ${origin.package} ${origin.version}, ${origin.file}`],
    ['notes', facts.notes ?? undefined],
    ['installed', facts.installed ? 'yes' : `no: npm install ${facts.package}`],
    ['module', facts.module],
  ];
}

/**
 * @param {Facts} facts
 * @returns {[string, unknown][]}
 */
function fileRows(facts) {
  const { halo, receptiveField, macsPerPixel } = facts;
  const reach = receptiveField === null ? 'the whole picture' : `${receptiveField} px a side`;
  return [
    ['format', facts.format],
    ['scale', `${facts.scale}x`],
    ['channels', facts.channels],
    ['input range', range(facts.inputRange)],
    ['output range', range(facts.outputRange)],
    ['parameters', facts.parameters?.toLocaleString('en')],
    ['MACs per pixel', macsPerPixel === null ? 'not in proportion' : macsPerPixel?.toLocaleString('en')],
    ['sees', receptiveField === undefined ? undefined : reach],
    ['overlap of tiles', halo === null || halo === undefined ? undefined : `${halo} px a side`],
    ['only size', facts.fixedSize?.join(' x ')],
    ['network', bytes(facts.sizeBytes)],
    ['runs on', facts.provider && `${facts.provider}, kernels: ${facts.kernels}, ${facts.precision}`],
    ['alternatives', facts.alternatives && list(facts.alternatives.map((/** @type {any} */ a) => a.model))],
  ];
}

/** @param {Facts} facts */
function definition({ modelDefinition, scale, channels, inputRange, outputRange }) {
  const { path } = modelDefinition;
  return `{ path: ${JSON.stringify(path)}, scale: ${scale}, channels: ${channels}, inputRange: [${inputRange}], outputRange: [${outputRange}] }`;
}

/** @param {Facts} found */
function stability(found) {
  if (found == null) return undefined;
  const { blownPictures, pictures, blownPixels, megapixels } = found;
  const share = blownPixels === 0 ? '' : `, ${Math.ceil(blownPixels / megapixels)} of a million pixels`;
  return `wrong somewhere in ${blownPictures} of ${pictures} pictures of the stress set${share}`;
}

/** @param {[number, number] | undefined} values */
function range(values) {
  return values && `${values[0]}..${values[1]}`;
}

/** @param {string[]} words */
function list(words) {
  return words.length === 0 ? undefined : words.join(', ');
}

/** @param {object} values */
function pairs(values) {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** @param {number | null | undefined} count */
function bytes(count) {
  return count == null ? undefined : `${(count / 1e6).toFixed(2)} MB`;
}

module.exports = { run };

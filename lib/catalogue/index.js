// @ts-check
'use strict';

/**
 * The catalogue: the one place where models are described. What people know of them is written by hand, one file for
 * each family; what can be computed or measured is in facts.json, which `npm run models` and
 * `scripts/models/measure.mjs` write. A field that several models share stands once, in the object around them.
 *
 * @typedef {import('./entry').Entry} Entry
 * @typedef {import('./entry').Description} Description
 */

/** @type {Record<string, import('./entry').Facts>} */
const facts = require('./facts.json');

/** Best choice first: the order in which a query's matches are preferred. Literal, for bundlers. */
const families = /** @type {Description[]} */ ([
  require('./span.json'),
  require('./fast.json'),
  require('./tiny.json'),
  require('./grey.json'),
  require('./text.json'),
  require('./photo.json'),
  require('./esrgan-thick.json'),
  require('./esrgan-medium.json'),
  require('./esrgan-slim.json'),
  require('./real-esrgan.json'),
  require('./real-esrgan-plus.json'),
  require('./waifu2x-photo.json'),
  require('./esrgan-legacy.json'),
  require('./maxim.json'),
]);

/** What a description may leave out. */
const DEFAULTS = {
  aliases: [],
  upscalerjs: [],
  channels: 3,
  noise: null,
  artefacts: null,
  drawn: false,
  alpha: false,
  faithful: false,
  fallback: null,
  quantization: null,
  precisions: ['fp32'],
  int8: null,
  stability: null,
  guardedStability: null,
  int8Stability: null,
  checkpoint: null,
  published: null,
  notes: null,
  modelType: 'layers',
  inputRange: [0, 1],
  outputRange: [0, 1],
  divisibilityFactor: 1,
  default: false,
  embedded: false,
  committed: false,
};

/** @type {Entry[]} */
const entries = families.flatMap((family) => flatten(DEFAULTS, family)).map(complete);

/**
 * @param {object} shared
 * @param {Description} description
 * @returns {any[]}
 */
function flatten(shared, { models, ...own }) {
  const described = { ...shared, ...own };
  return models === undefined ? [described] : models.flatMap((model) => flatten(described, model));
}

/**
 * Adds what follows from the rest.
 *
 * @param {any} description
 * @returns {Entry}
 */
function complete({ variant, weights, ...entry }) {
  const { id, family, author, dataset, scale, channels, origin } = entry;
  const name = shortName(entry);
  return {
    id,
    family,
    ...entry,
    ...facts[id],
    aliases: [...entry.aliases, ...entry.upscalerjs],
    path: `${variant}/${author}/${dataset}/${scale}x/${channels}`,
    package: `@upscaler-node/${family}`,
    module: id === family ? `@upscaler-node/${family}` : `@upscaler-node/${family}/${name}`,
    file: entry.modelType === 'graph' ? 'dist/model.json' : `${entry.committed ? '' : 'dist/'}${name}.onnx`,
    origin: { ...origin, file: `${origin.folder}/${weights}` },
  };
}

/**
 * What a model is called within its package: esrgan-slim-2x is `2x` there.
 *
 * @param {{ id: string, family: string }} entry
 */
function shortName({ id, family }) {
  return id.startsWith(`${family}-`) ? id.slice(family.length + 1) : id;
}

module.exports = { entries, shortName };

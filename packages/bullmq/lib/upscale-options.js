// @ts-check
'use strict';

const { UpscalerError, listModels, versions } = require('upscaler-node');
const { digest } = require('./pictures');

/**
 * @typedef {import('../index.js').AddOptions} AddOptions
 * @typedef {Record<string, unknown>} Recipe options of `upscale()` that can travel
 */

/** Options of `upscale()` that mean the same on another machine. */
const TRAVELLING = new Set([
  'format',
  'quality',
  'lossless',
  'compressionLevel',
  'depth',
  'scale',
  'width',
  'height',
  'fit',
  'alpha',
  'background',
  'autoOrient',
  'keepMetadata',
  'animated',
  'page',
  'pages',
  'patchSize',
  'padding',
  'timeout',
]);

/** Options of the job itself. */
const OF_THE_JOB = new Set(['model', 'priority', 'delay', 'attempts', 'backoff', 'deduplicate', 'filename']);

/**
 * The options of `add()`, taken apart: those for `upscale()`, in one order, and those of the job.
 *
 * @param {AddOptions} given
 * @returns {{ recipe: Recipe, own: Record<string, any> }}
 * @throws `ERR_INVALID_ARG_VALUE` for what cannot travel, such as a signal or a function
 */
function parseAddOptions(given) {
  /** @type {Recipe} */
  const recipe = {};
  /** @type {Record<string, any>} */
  const own = {};
  for (const [name, value] of Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === undefined) continue;
    if (TRAVELLING.has(name)) recipe[name] = value;
    else if (OF_THE_JOB.has(name)) own[name] = value;
    else {
      const names = [...TRAVELLING, ...OF_THE_JOB].join(', ');
      throw new UpscalerError(
        'ERR_INVALID_ARG_VALUE',
        `Expected options among ${names} but received ${name}`,
      );
    }
  }
  if (own.model !== undefined && typeof own.model !== 'string') {
    throw new UpscalerError('ERR_INVALID_ARG_TYPE', 'Expected the name of a model for options.model');
  }
  return { recipe, own };
}

/**
 * The id of a job: the same for the same picture, options and model, so that work is done once.
 *
 * @param {string} picture what identifies its content
 * @param {Recipe} recipe
 * @param {string | undefined} model
 */
async function jobIdOf(picture, recipe, model) {
  const known =
    model === undefined
      ? undefined
      : listModels().find(({ id, aliases }) => id === model || aliases.includes(model));
  const identity = [picture, recipe, model ?? '', known?.sha256 ?? '', versions['upscaler-node']];
  return digest(Buffer.from(JSON.stringify(identity)));
}

module.exports = { parseAddOptions, jobIdOf };

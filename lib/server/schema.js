// @ts-check
'use strict';

/**
 * @typedef {import('./settings').Settings} Settings
 * @typedef {import('./settings').Bounds} Bounds
 */

const DESCRIPTIONS = {
  scale: 'Size of the result relative to the picture; not beside width or height',
  width: 'Width of the result in pixels',
  height: 'Height of the result in pixels',
  fit: 'How width and height together are filled',
  format: "Format of the result; default: by Accept, else the picture's own",
  quality: 'Of JPEG and lossy WebP',
  model: 'The model',
};

/**
 * The parameters that a request may choose, as JSON schemas by name.
 *
 * @param {Settings} settings
 * @returns {Record<string, { description: string, [keyword: string]: unknown }>}
 */
function parameterSchemas({ parameters, models }) {
  const all = {
    scale: number('number', parameters.scale),
    width: number('integer', parameters.width),
    height: number('integer', parameters.height),
    fit: choice(parameters.fit),
    format: choice(parameters.format),
    quality: number('integer', parameters.quality),
    model: choice(models),
  };
  const allowed = Object.entries(all).filter(([, schema]) => schema !== undefined);
  return /** @type {any} */ (
    Object.fromEntries(
      allowed.map(([name, schema]) => {
        const description = DESCRIPTIONS[/** @type {keyof typeof DESCRIPTIONS} */ (name)];
        return [name, { description, ...schema }];
      }),
    )
  );
}

/** @param {Settings} settings */
function querySchema(settings) {
  return { type: 'object', properties: parameterSchemas(settings) };
}

/**
 * @param {'number' | 'integer'} type
 * @param {Bounds | undefined} bounds
 */
function number(type, bounds) {
  if (bounds === undefined) return undefined;
  const least = bounds.min === Number.MIN_VALUE ? { exclusiveMinimum: 0 } : { minimum: bounds.min };
  return { type, ...least, maximum: bounds.max };
}

/** @param {readonly string[]} choices */
function choice(choices) {
  return choices.length === 0 ? undefined : { type: 'string', enum: [...choices] };
}

module.exports = { parameterSchemas, querySchema };

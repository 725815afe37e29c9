// @ts-check
'use strict';

/**
 * Which network the default would take for a picture and why, in words: what `getModel()` of the default says of its
 * alternatives, held against the picture's file. The library itself decides when it runs, and `info.model` says what
 * ran.
 *
 * @param {import('../../index.js').Model} model of the default
 * @param {import('./facts').Facts & { width: number, height: number }} facts
 * @param {number} scale of the result
 * @returns {{ model: string, why: string }}
 */
function explainChoice(model, facts, scale) {
  const alternatives = model.alternatives ?? [];
  const clean = [
    { model: model.model, scale: model.scale },
    ...alternatives.filter(({ role }) => role === 'clean'),
  ];
  const upscaler = smallestThatReaches(clean, scale);
  const cleaner = cleanerFor(alternatives, facts);
  const source = describeSource(facts, cleaner);
  if (cleaner === undefined) {
    return { model: upscaler.model, why: `${source}: ${upscaler.model} is for clean pictures.` };
  }
  if (cleaner.scale === upscaler.scale) {
    return {
      model: cleaner.model,
      why: `${source}: ${cleaner.model} takes the artefacts away while it upscales.`,
    };
  }
  return {
    model: `${cleaner.model}+${upscaler.model}`,
    why: `${source}: ${cleaner.model} takes the artefacts away, then ${upscaler.model} upscales.`,
  };
}

/**
 * @param {{ model: string, scale: number }[]} networks
 * @param {number} scale
 */
function smallestThatReaches(networks, scale) {
  const byScale = networks.toSorted((a, b) => a.scale - b.scale);
  return byScale.find((network) => network.scale >= scale) ?? byScale[byScale.length - 1];
}

/**
 * The one for the strongest compression that the picture has.
 *
 * @param {import('../../index.js').Alternative[]} alternatives
 * @param {import('./facts').Facts} facts
 */
function cleanerFor(alternatives, { format, quality }) {
  const limit = (/** @type {import('../../index.js').Alternative} */ { artefacts }) =>
    (format === 'JPEG' ? artefacts?.jpeg : format === 'WebP' ? artefacts?.webp : undefined) ?? 0;
  if (quality === undefined) return undefined;
  return alternatives
    .filter(({ role }) => role === 'compressed')
    .filter((each) => quality <= limit(each))
    .sort((a, b) => limit(a) - limit(b))[0];
}

/**
 * @param {import('./facts').Facts} facts
 * @param {object | undefined} cleaner
 */
function describeSource({ format, quality, lossless }, cleaner) {
  if (quality === undefined) return lossless ? `A ${format} without loss` : `A ${format} file`;
  const shows = cleaner === undefined ? 'hardly shows' : 'shows';
  return `A ${format} of about quality ${quality}, whose compression ${shows}`;
}

module.exports = { explainChoice };

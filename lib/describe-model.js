// @ts-check
'use strict';

const models = require('./models');

/**
 * What `getModel` resolves with: the model's catalogue entry, if it has one, and what the addon knows of its network.
 *
 * @param {import('./resolve-model').ResolvedModel & { info: import('./native').ModelInfo }} model
 */
function describeModel({ definition, entry, info, alternatives = [] }) {
  const { guardReach: _, ...network } = info;
  const described = entry && models.describe(entry);
  // A converted file has other counts: those of the trained network are in the catalogue.
  const { parameters, macsPerPixel = null, receptiveField = null } = described ?? network;
  const model = {
    ...described,
    ...(entry && { path: models.pathFor(entry, network.channels) }),
    ...network,
    parameters,
    macsPerPixel,
    receptiveField,
    halo: network.halo ?? null,
    model: network.name,
    modelDefinition: definition,
  };
  return alternatives.length === 0
    ? model
    : { ...model, alternatives: alternatives.map(describeAlternative) };
}

/** @param {import('./native').Alternative} alternative */
function describeAlternative({ source, scale, role, artefacts }) {
  return { model: source.name, scale, role, artefacts: artefacts ?? null };
}

module.exports = { describeModel };

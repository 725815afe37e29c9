// @ts-check
'use strict';

const { copyFile } = require('node:fs/promises');
const path = require('node:path');
const samples = require('../samples/samples.json');
const { HttpError } = require('./http-error');

/** Pictures of each kind to try a model with; `scripts/playground-samples.mjs` makes them. */

const FOLDER = path.join(__dirname, '..', 'samples');

/**
 * @param {string} id
 * @returns {{ id: string, file: string, title: string }}
 */
function findSample(id) {
  const found = samples.find((sample) => sample.id === id);
  if (found === undefined) throw new HttpError(404, `There is no sample ${id}`);
  return found;
}

/**
 * @param {string} id
 * @param {string} target
 */
async function copySample(id, target) {
  await copyFile(path.join(FOLDER, findSample(id).file), target);
}

module.exports = { samples, findSample, copySample };

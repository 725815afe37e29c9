// @ts-check
'use strict';

const fs = require('node:fs/promises');
const os = require('node:os');
const path = require('node:path');
const { UpscalerError, invalidType } = require('./errors');
const { isObject } = require('./check');

/**
 * TensorFlow.js's IO handlers, which UpscalerJS takes for the `path` of a model definition: `tf.io.fileSystem(…)` of
 * tfjs-node, `tf.io.fromMemory(…)`, or one's own object with a `load` function.
 *
 * @typedef {{ load(): Promise<Artifacts> | Artifacts }} Handler
 * @typedef {object} Artifacts
 * @property {unknown} modelTopology
 * @property {{ name: string }[]} [weightSpecs]
 * @property {ArrayBuffer | ArrayBuffer[]} [weightData]
 * @property {string} [format] `'layers-model'` or `'graph-model'`
 */

/**
 * @param {unknown} value
 * @returns {value is Handler}
 */
function isHandler(value) {
  return isObject(value) && typeof value.load === 'function';
}

/**
 * The file that a handler of tfjs-node reads: it keeps its name where others keep none.
 *
 * @param {unknown} handler
 * @returns {string | undefined}
 */
function fileOf(handler) {
  const { path: named } = /** @type {{ path?: unknown }} */ (handler);
  const [first] = Array.isArray(named) ? named : [named];
  return typeof first === 'string' ? first : undefined;
}

/**
 * Lets `work` have what a handler loads as the files that it stands for, which are removed afterwards.
 *
 * @template T
 * @param {Handler} handler
 * @param {(file: string) => Promise<T>} work
 * @returns {Promise<T>}
 * @throws `ERR_UPSCALER_MODEL_LOAD` with what `load` threw
 */
async function asFiles(handler, work) {
  const artifacts = await load(handler);
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'upscaler-node-model-'));
  try {
    const file = path.join(folder, 'model.json');
    const { weightSpecs: weights = [], weightData = new ArrayBuffer(0), ...model } = artifacts;
    const weightsManifest = [{ paths: ['weights.bin'], weights }];
    await fs.writeFile(path.join(folder, 'weights.bin'), bytesOf(weightData));
    await fs.writeFile(file, JSON.stringify({ ...model, weightsManifest }));
    return await work(file);
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {Handler} handler
 * @returns {Promise<Artifacts>}
 */
async function load(handler) {
  /** @type {unknown} */
  let artifacts;
  try {
    artifacts = await handler.load();
  } catch (cause) {
    throw new UpscalerError(
      'ERR_UPSCALER_MODEL_LOAD',
      "The load function of the model definition's path threw",
      {
        cause,
      },
    );
  }
  if (isObject(artifacts) && isObject(artifacts.modelTopology)) return /** @type {any} */ (artifacts);
  throw invalidType(
    "what the load function of the model definition's path returns",
    'an object with modelTopology',
    artifacts,
  );
}

/** @param {ArrayBuffer | ArrayBuffer[]} data */
function bytesOf(data) {
  return Buffer.concat([data].flat().map((part) => new Uint8Array(part)));
}

module.exports = { isHandler, fileOf, asFiles };

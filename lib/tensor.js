// @ts-check
'use strict';

const { types } = require('node:util');
const { UpscalerError, invalidType, invalidValue } = require('./errors');
const { isObject } = require('./check');

/**
 * Plain tensors (`{ data: Float32Array, shape }`, rows of interleaved channels, values 0..255) and TensorFlow.js's,
 * which are known by their shape alone: none of its code is loaded here.
 *
 * @typedef {import('../index.js').Tensor} Tensor
 * @typedef {import('../index.js').TensorFlowTensor} TensorFlowTensor
 * @typedef {{ tensor(data: Float32Array, shape: number[]): TensorFlowTensor }} TensorFlow
 * @typedef {{ data: Float32Array, width: number, height: number, channels: number }} Pixels
 */

/**
 * @param {unknown} value
 * @returns {value is TensorFlowTensor}
 */
function isTensorFlowTensor(value) {
  return isObject(value) && Array.isArray(value.shape) && typeof value.data === 'function';
}

/**
 * @param {unknown} value
 * @returns {value is { data: unknown, shape: readonly number[] }}
 */
function isPlainTensor(value) {
  return isObject(value) && Array.isArray(value.shape) && typeof value.data !== 'function';
}

/**
 * @param {{ data: unknown, shape: readonly number[] }} tensor
 * @param {string} name
 * @returns {Pixels}
 */
function fromPlainTensor({ data, shape }, name) {
  if (!types.isFloat32Array(data)) throw invalidType(`${name}.data`, 'a Float32Array', data);
  const { height, width, channels } = readShape(shape, name);
  if (data.length !== height * width * channels) {
    throw invalidValue(
      `${name}.data`,
      `${height * width * channels} values for shape ${listed(shape)}`,
      data.length,
    );
  }
  return { data, width, height, channels };
}

/**
 * @param {TensorFlowTensor} tensor read, not disposed
 * @param {string} name
 * @returns {Promise<Pixels>}
 */
async function fromTensorFlow(tensor, name) {
  const { height, width, channels } = readShape(tensor.shape, name);
  const data = floats(await read(tensor, name), name);
  return fromPlainTensor({ data, shape: [height, width, channels] }, name);
}

/**
 * @param {TensorFlowTensor} tensor
 * @param {string} name
 * @returns {Promise<unknown>}
 */
async function read(tensor, name) {
  try {
    return await tensor.data();
  } catch (cause) {
    throw new UpscalerError('ERR_UPSCALER_READ', `Could not read the tensor of ${name}`, { cause });
  }
}

/**
 * @param {unknown} data TensorFlow.js has typed arrays of its own kinds: int32 and bool among them
 * @param {string} name
 */
function floats(data, name) {
  if (types.isFloat32Array(data)) return data;
  const numbers = types.isTypedArray(data) && !types.isBigInt64Array(data) && !types.isBigUint64Array(data);
  if (!numbers) throw invalidType(`${name}.data()`, 'a typed array of numbers', data);
  return Float32Array.from(data);
}

/** @param {readonly unknown[]} shape */
function listed(shape) {
  const shown = shape.slice(0, 5).map((n) => (typeof n === 'number' ? n : typeof n));
  return `[${shown}${shape.length > 5 ? ', ...' : ''}]`;
}

/**
 * @param {readonly number[]} shape
 * @param {string} name
 */
function readShape(shape, name) {
  const [height, width, channels] = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  const rank = shape.length === 4 && shape[0] === 1 ? 3 : shape.length;
  const isSide = (/** @type {number} */ n) => Number.isInteger(n) && n > 0 && n < 2 ** 31;
  if (rank !== 3 || ![height, width, channels].every(isSide) || channels > 4) {
    throw invalidValue(
      `${name}.shape`,
      '[height, width, channels] or [1, height, width, channels] with 1 to 4 channels',
      listed(shape),
    );
  }
  return { height, width, channels };
}

module.exports = { isTensorFlowTensor, isPlainTensor, fromPlainTensor, fromTensorFlow };

// @ts-check
'use strict';

const { invalidType, invalidValue } = require('./errors');
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
  if (!(data instanceof Float32Array)) throw invalidType(`${name}.data`, 'a Float32Array', data);
  const { height, width, channels } = readShape(shape, name);
  if (data.length !== height * width * channels) {
    throw invalidValue(
      `${name}.data`,
      `${height * width * channels} values for shape [${shape}]`,
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
  const data = await tensor.data();
  return { data: data instanceof Float32Array ? data : Float32Array.from(data), width, height, channels };
}

/**
 * @param {readonly number[]} shape
 * @param {string} name
 */
function readShape(shape, name) {
  const [height, width, channels] = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  const rank = shape.length === 4 && shape[0] === 1 ? 3 : shape.length;
  if (rank !== 3 || ![height, width, channels].every((n) => Number.isInteger(n) && n > 0) || channels > 4) {
    throw invalidValue(
      `${name}.shape`,
      '[height, width, channels] or [1, height, width, channels] with 1 to 4 channels',
      `[${shape}]`,
    );
  }
  return { height, width, channels };
}

module.exports = { isTensorFlowTensor, isPlainTensor, fromPlainTensor, fromTensorFlow };

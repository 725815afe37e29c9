// @ts-check
'use strict';

const { UpscalerError, invalidType, invalidValue } = require('./errors');
const tensor = require('./tensor');

/**
 * The functions that a hand-written model definition may bring: UpscalerJS calls them with its TensorFlow.js; here
 * they get the one of `options.tf`, or plain tensors (`{ data: Float32Array, shape }`) without it.
 *
 * @typedef {import('./definition').Hooks} Hooks
 * @typedef {import('./native').NativeImage} NativeImage
 * @typedef {import('./tensor').TensorFlow} TensorFlow
 * @typedef {import('./tensor').Pixels} Pixels
 */

/**
 * @param {Hooks} hooks
 * @param {TensorFlow} [tf]
 */
async function setUp(hooks, tf) {
  if (hooks.postprocess !== undefined) {
    throw new UpscalerError(
      'ERR_UPSCALER_MODEL_LOAD',
      'Expected a model definition without postprocess: this version calls no postprocess but that of @upscalerjs packages, which is built in',
    );
  }
  await hooks.setup?.(tf);
}

/**
 * The whole picture through the definition's `preprocess`, before its values are brought to the model's range.
 *
 * @param {NonNullable<Hooks['preprocess']>} preprocess
 * @param {NativeImage} image
 * @param {TensorFlow} [tf]
 * @returns {Promise<NativeImage>}
 */
async function runPreprocess(preprocess, image, tf) {
  const pixels = toPixels(image);
  const shape = [1, pixels.height, pixels.width, pixels.channels];
  const given = tf === undefined ? { data: pixels.data, shape } : tf.tensor(pixels.data, shape);
  const returned = await preprocess(given);
  try {
    return { kind: 'tensor', ...(await fromTensor(returned)) };
  } finally {
    dispose(given);
    if (returned !== given) dispose(returned);
  }
}

/** @param {unknown} returned */
function fromTensor(returned) {
  const name = 'the result of preprocess';
  if (tensor.isTensorFlowTensor(returned)) return tensor.fromTensorFlow(returned, name);
  if (tensor.isPlainTensor(returned)) return tensor.fromPlainTensor(returned, name);
  throw invalidType(name, 'a tensor', returned);
}

/** @param {unknown} value */
function dispose(value) {
  if (tensor.isTensorFlowTensor(value)) value.dispose?.();
}

/**
 * @param {NativeImage} image
 * @returns {Pixels}
 */
function toPixels(image) {
  switch (image.kind) {
    case 'tensor':
      return { ...image, data: Float32Array.from(image.data) };
    case 'raw': {
      const { data, width, height, channels, depth } = image;
      const samples = depth === 16 ? new Uint16Array(data.slice().buffer) : data;
      return {
        data: Float32Array.from(samples, depth === 16 ? (v) => v / 257 : undefined),
        width,
        height,
        channels,
      };
    }
    default:
      throw invalidValue(
        'image',
        'pixels (raw or tensor), which this model definition wants for its preprocess',
        image.kind,
      );
  }
}

module.exports = { setUp, runPreprocess };

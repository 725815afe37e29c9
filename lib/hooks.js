// @ts-check
'use strict';

const { UpscalerError, invalidType } = require('./errors');
const tensor = require('./tensor');

/**
 * The functions that a hand-written model definition may bring: UpscalerJS calls them with its TensorFlow.js; here
 * they get the one of `options.tf`, or plain tensors (`{ data: Float32Array, shape }`) without it.
 *
 * @typedef {import('./resolve-model').Hooks} Hooks
 * @typedef {import('./resolve-model').ResolvedModel} ResolvedModel
 * @typedef {import('./call').Call} Call
 * @typedef {import('./native').NativeTensor} NativeTensor
 * @typedef {import('./native').NativeHook} NativeHook
 * @typedef {import('./tensor').TensorFlow} TensorFlow
 */

/**
 * @param {Hooks | undefined} hooks
 * @param {TensorFlow} [tf]
 * @throws `ERR_UPSCALER_MODEL_LOAD` with what `setup` threw
 */
async function setUp(hooks, tf) {
  try {
    await hooks?.setup?.(tf);
  } catch (cause) {
    throw new UpscalerError('ERR_UPSCALER_MODEL_LOAD', "The model definition's setup threw", { cause });
  }
}

/**
 * @param {Hooks | undefined} hooks
 * @param {TensorFlow} [tf]
 * @throws `ERR_UPSCALER_INFERENCE` with what `teardown` threw
 */
async function tearDown(hooks, tf) {
  try {
    await hooks?.teardown?.(tf);
  } catch (cause) {
    throw new UpscalerError('ERR_UPSCALER_INFERENCE', "The model definition's teardown threw", { cause });
  }
}

/**
 * What the addon calls for one picture. What a function throws ends the call, as its `cause`.
 *
 * @param {Hooks | undefined} hooks
 * @param {TensorFlow | undefined} tf
 * @param {Call} call
 */
function forAddon(hooks, tf, call) {
  const prepare = (/** @type {'preprocess' | 'postprocess'} */ name) => {
    const hook = hooks?.[name];
    return hook && guard(call, name, tf, (given) => run(hook, `the result of ${name}`, given, tf));
  };
  return { preprocess: prepare('preprocess'), postprocess: prepare('postprocess') };
}

/**
 * @param {Call} call
 * @param {string} name
 * @param {TensorFlow | undefined} tf
 * @param {NativeHook} hook
 * @returns {NativeHook}
 */
function guard(call, name, tf, hook) {
  return async (given) => {
    try {
      return await hook(given);
    } catch (cause) {
      call.cancel(cause instanceof UpscalerError ? cause : failed(name, cause, tf));
      throw cause;
    }
  };
}

/**
 * @param {string} name
 * @param {unknown} cause
 * @param {TensorFlow} [tf]
 */
function failed(name, cause, tf) {
  const hint =
    tf === undefined
      ? ' (it is given a plain tensor, { data, shape }: if it wants one of TensorFlow.js, pass that as options.tf)'
      : '';
  const message = `The model definition's ${name} threw${hint}`;
  return new UpscalerError('ERR_UPSCALER_INFERENCE', message, { cause });
}

/**
 * @param {(tensor: any) => unknown} hook
 * @param {string} name of what it returns
 * @param {NativeTensor} given
 * @param {TensorFlow} [tf]
 * @returns {Promise<NativeTensor>}
 */
async function run(hook, name, { data, width, height, channels }, tf) {
  const shape = [1, height, width, channels];
  const shown = tf === undefined ? { data, shape } : tf.tensor(data, shape);
  /** @type {unknown} */
  let returned;
  try {
    returned = await hook(shown);
    return await fromTensor(returned, name);
  } finally {
    dispose(shown);
    if (returned !== shown) dispose(returned);
  }
}

/**
 * @param {unknown} returned
 * @param {string} name
 */
function fromTensor(returned, name) {
  if (tensor.isTensorFlowTensor(returned)) return tensor.fromTensorFlow(returned, name);
  if (tensor.isPlainTensor(returned)) return tensor.fromPlainTensor(returned, name);
  throw invalidType(name, 'a tensor', returned);
}

/** @param {unknown} value */
function dispose(value) {
  if (tensor.isTensorFlowTensor(value)) value.dispose?.();
}

module.exports = { setUp, tearDown, forAddon };

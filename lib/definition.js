// @ts-check
'use strict';

const { types } = require('node:util');
const check = require('./check');
const { UpscalerError, describe, invalidType } = require('./errors');
const { fileUrlPath } = require('./model-path');
const io = require('./io-handler');
const models = require('./models');
const { isUrl } = require('./urls');

/**
 * Model definitions: UpscalerJS's objects, and functions and packages that give them.
 *
 * @typedef {import('../index.js').ModelDefinition} ModelDefinition
 * @typedef {import('./tensor').TensorFlow} TensorFlow
 */

const MODEL_TYPES = /** @type {const} */ (['layers', 'graph']);

/**
 * Checks `options.model` as far as that is possible before anything is read.
 *
 * @param {unknown} model
 */
function checkModel(model) {
  if (model === undefined || ['string', 'function'].includes(typeof model) || types.isUint8Array(model))
    return;
  if (isUrl(model)) return void fileUrlPath(model.href);
  if (!check.isObject(model)) {
    throw invalidType(
      'options.model',
      'a name, path, file: URL, query, model definition or the bytes of an .onnx',
      model,
    );
  }
  if (!models.isQuery(model)) checkDefinition(unwrapDefault(model));
}

/**
 * @param {Function} definition
 * @param {TensorFlow} [tf]
 */
function callDefinition(definition, tf) {
  try {
    const given = definition(tf);
    // It is refused for what it is; of its own rejection nobody would learn, which ends a process.
    if (types.isPromise(given)) Promise.prototype.then.call(given, undefined, () => {});
    return given;
  } catch (cause) {
    const hint = tf === undefined ? ' (it may want TensorFlow.js: pass it as options.tf)' : '';
    throw new UpscalerError('ERR_UPSCALER_MODEL_LOAD', `The model definition function threw${hint}`, {
      cause,
    });
  }
}

/**
 * A package may hold one definition or several, one for each scale.
 *
 * @param {unknown} exported
 * @param {string} name
 * @param {number} [scale]
 */
function pickDefinition(exported, name, scale) {
  const module = unwrapDefault(exported);
  if (typeof module === 'function' || isDefinition(module)) return module;
  const all = Object.entries(check.isObject(module) ? module : {}).filter(([, value]) => isDefinition(value));
  const fitting = all.filter(
    ([, value]) => scale === undefined || /** @type {ModelDefinition} */ (value).scale === scale,
  );
  if (fitting.length === 1) return fitting[0][1];
  const found = all
    .map(([key, value]) => `${key} (scale ${/** @type {ModelDefinition} */ (value).scale})`)
    .join(', ');
  throw new UpscalerError(
    'ERR_UPSCALER_MODEL_NOT_FOUND',
    `Expected one model${scale === undefined ? '' : ` of scale ${scale}`} in ${name} but found ${found || 'none'}: name one, such as ${name}/2x, or give another scale`,
  );
}

/** @param {unknown} value what `require` gives for an ES module */
function unwrapDefault(value) {
  return check.isObject(value) && !isDefinition(value) && 'default' in value ? value.default : value;
}

/** @param {unknown} value */
function isDefinition(value) {
  return check.isObject(value) && ('path' in value || '_internals' in value);
}

/**
 * @param {unknown} given
 * @returns {ModelDefinition}
 */
function checkDefinition(given) {
  if (!isDefinition(given)) {
    throw invalidType('options.model', 'a model definition, an object with path or _internals', given);
  }
  const definition = /** @type {Record<string, unknown>} */ (given);
  const { _internals: internals } = definition;
  const known = definition.path !== undefined && internals === undefined;
  if (
    !known &&
    !(check.isObject(internals) && typeof internals.name === 'string' && typeof internals.path === 'string')
  ) {
    throw invalidType('model definition _internals', 'an object with name and path', internals);
  }
  if (
    definition.path !== undefined &&
    typeof definition.path !== 'string' &&
    !io.isHandler(definition.path)
  ) {
    throw invalidType(
      'model definition path',
      "a string or one of TensorFlow.js's IO handlers",
      definition.path,
    );
  }
  check.oneOf('model definition modelType', definition.modelType, MODEL_TYPES);
  check.integer('model definition scale', definition.scale, 1);
  check.integer('model definition channels', definition.channels, 1, 4);
  check.integer('model definition divisibilityFactor', definition.divisibilityFactor, 1);
  check.pattern('model definition sha256', definition.sha256, /^[0-9a-f]{64}$/i, '64 hexadecimal digits');
  check.range('model definition inputRange', definition.inputRange);
  check.range('model definition outputRange', definition.outputRange);
  for (const hook of ['setup', 'teardown', 'preprocess', 'postprocess']) {
    check.callback(`model definition ${hook}`, definition[hook]);
  }
  return definition;
}

/** @param {ModelDefinition} definition */
function describeDefinition({ path: file, _internals }) {
  return _internals?.name ?? describe(file);
}

module.exports = {
  callDefinition,
  checkDefinition,
  checkModel,
  describeDefinition,
  pickDefinition,
  unwrapDefault,
};

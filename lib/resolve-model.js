// @ts-check
'use strict';

const path = require('node:path');
const { types } = require('node:util');
const { onDisk } = require('./asar');
const origins = require('./catalogue/origins.json');
const check = require('./check');
const {
  callDefinition,
  checkDefinition,
  describeDefinition,
  pickDefinition,
  unwrapDefault,
} = require('./definition');
const { UpscalerError, invalidValue } = require('./errors');
const io = require('./io-handler');
const { locate, notInstalled } = require('./locate');
const { fileUrlPath, isModelPath, localPath } = require('./model-path');
const models = require('./models');
const packages = require('./packages');
const { isUrl } = require('./urls');
const { int8BeatsKernels, int8File } = require('./precision');

/**
 * From any form of `options.model` to what the addon can load.
 *
 * @typedef {import('../index.js').ModelDefinition} ModelDefinition
 * @typedef {import('./native').ModelSource} ModelSource
 * @typedef {import('./catalogue/entry').Entry} Entry
 * @typedef {import('./tensor').TensorFlow} TensorFlow
 * @typedef {import('./native').Alternative} Alternative
 * @typedef {{
 *   definition: ModelDefinition,
 *   source: ModelSource & { handler?: io.Handler },
 *   entry?: Entry,
 *   hooks?: Hooks,
 *   alternatives?: Alternative[],
 * }} ResolvedModel
 * @typedef {Pick<ModelDefinition, 'setup' | 'teardown' | 'preprocess' | 'postprocess'>} Hooks
 */

/**
 * @param {unknown} model
 * @param {{ scale?: number, channels?: number, precision?: 'fp32' | 'int8', guard?: boolean, tf?: TensorFlow }} options
 * @returns {ResolvedModel}
 */
function resolveModel(model, { scale, channels, precision, guard, tf }) {
  const named = models.channelsIn(model);
  if (channels !== undefined && named !== undefined && channels !== named) {
    throw invalidValue('options.channels', `${named}, as options.model says`, channels);
  }
  const resolved = findModel(model, { scale, tf });
  const { entry, source } = resolved;
  const int8 =
    precision === 'int8' && entry !== undefined
      ? { quantized: int8File(entry), quantizedBeatsKernels: int8BeatsKernels(entry) }
      : {};
  // An entry's network may be for 3 channels where its form for others is wanted: the addon makes that.
  const wanted = channels ?? named ?? source.channels;
  return forChannels(guarded({ ...resolved, source: { ...source, ...int8 } }, guard), wanted);
}

/**
 * The networks for pictures of as many channels, all of them: one that takes another's place gets the same planes. Where one
 * network is for colours and another for their alpha, what takes the place of both is loaded in both forms.
 *
 * @param {ResolvedModel} resolved
 * @param {number} [channels]
 * @returns {ResolvedModel}
 */
function forChannels({ source, alternatives = [], ...resolved }, channels) {
  const apart = channels === 3 && alternatives.some(({ role }) => role === 'alpha');
  const standsIn = apart ? 4 : channels;
  const planes = { clean: channels, compressed: channels, fallback: standsIn, drawn: standsIn, alpha: 1 };
  const others = alternatives.map((other) => ({
    ...other,
    source: { ...other.source, channels: planes[other.role] },
  }));
  return { ...resolved, source: { ...source, channels }, alternatives: others };
}

/**
 * Says of each network whether what it blows up is replaced: as the option says, else as the catalogue does. What each
 * guarded one is replaced with where it can be had goes with it.
 *
 * @param {ResolvedModel} resolved
 * @param {boolean} [guard]
 * @returns {ResolvedModel}
 */
function guarded({ alternatives = [], ...resolved }, guard) {
  const { entry } = resolved;
  const own = guard ?? entry?.faithful ?? false;
  /** @param {Alternative} other */
  const guardedEntry = ({ source }) => {
    const found = models.findById(source.name);
    return guard !== false && found?.faithful ? found : undefined;
  };
  const replaced = alternatives.map(guardedEntry);
  const others = alternatives.map((other, index) => ({
    ...other,
    source: { ...other.source, guard: replaced[index] !== undefined },
  }));
  return {
    ...resolved,
    source: { ...resolved.source, guard: own },
    alternatives: [...others, ...fallbacksOf([own ? entry : undefined, ...replaced])],
  };
}

/**
 * What takes the place of each entry where it has blown up, once.
 *
 * @param {(Entry | undefined)[]} entries
 * @returns {Alternative[]}
 */
function fallbacksOf(entries) {
  const found = entries
    .map((entry) => entry && models.fallbackOf(entry))
    .filter((entry) => entry !== undefined);
  return [...new Set(found)].map((entry) => asAlternative(entry, 'fallback'));
}

/**
 * @param {unknown} model
 * @param {{ scale?: number, tf?: TensorFlow }} options
 * @returns {ResolvedModel}
 */
function findModel(model, { scale, tf }) {
  if (model === undefined) return fromDefault(scale);
  if (isUrl(model)) return fromPath(fileUrlPath(model.href), scale);
  if (typeof model === 'string') return isModelPath(model) ? fromPath(model, scale) : fromName(model, scale);
  if (types.isUint8Array(model)) return fromBytes(model, scale);
  if (models.isQuery(model))
    return fromEntry(models.findByQuery({ scale, .../** @type {object} */ (model) }), scale);
  if (typeof model === 'function') return fromDefinition(callDefinition(model, tf), scale);
  return fromDefinition(model, scale);
}

/**
 * No name: what suits each picture and its final size.
 *
 * @param {number} [scale]
 * @returns {ResolvedModel}
 */
function fromDefault(scale) {
  const entry = models.findDefault(scale);
  const alternatives = models.alternativesTo(entry).map((other) => asAlternative(other, roleOf(other)));
  return { ...fromEntry(entry, scale), alternatives };
}

/**
 * What the default takes a model for.
 *
 * @param {Entry} entry
 * @returns {Alternative['role']}
 */
function roleOf({ artefacts, drawn, alpha }) {
  if (artefacts !== null) return 'compressed';
  if (alpha) return 'alpha';
  return drawn ? 'drawn' : 'clean';
}

/**
 * @param {Entry} entry
 * @param {Alternative['role']} role
 * @returns {Alternative}
 */
function asAlternative(entry, role) {
  const { source } = fromEntry(entry);
  return { source, scale: entry.scale, role, artefacts: entry.artefacts ?? undefined };
}

/**
 * @param {string} file
 * @param {number} [scale]
 * @returns {ResolvedModel}
 */
function fromPath(file, scale) {
  const definition = { path: localPath(file), scale };
  return { definition, source: definition };
}

/**
 * @param {Uint8Array} bytes
 * @param {number} [scale]
 * @returns {ResolvedModel}
 */
function fromBytes(bytes, scale) {
  return { definition: { scale }, source: { bytes: new Uint8Array(bytes), scale } };
}

/**
 * A package of others that the application installed is used as it is, the catalogue's model otherwise.
 *
 * @param {string} name
 * @param {number} [scale]
 */
function fromName(name, scale) {
  if (name.toLowerCase() === 'default') return fromDefault(scale);
  if (isForeignPackage(name)) return fromPackage(name, scale);
  const entry = models.findByName(name, scale);
  if (entry !== undefined) return fromEntry(entry, scale);
  if (name.startsWith('@')) return fromPackage(name, scale);
  throw models.unknownName(name);
}

/** @param {string} name */
function isForeignPackage(name) {
  if (!name.startsWith('@') || name.startsWith('@upscaler-node/')) return false;
  return packages.packageFolder(packages.packageName(name)) !== undefined;
}

/**
 * @param {string} module
 * @param {number} [scale]
 */
function fromPackage(module, scale) {
  return fromDefinition(pickDefinition(packages.requirePackage(module), module, scale), scale);
}

/**
 * @param {Entry} entry
 * @param {number} [scale]
 * @returns {ResolvedModel}
 */
function fromEntry(entry, scale) {
  if (scale !== undefined && scale !== entry.scale) throw wrongScale(entry.id, entry.scale, scale);
  const place = locate(entry);
  if (place === undefined) throw notInstalled(entry);
  if ('module' in place) return fromPackage(place.module, entry.scale);
  return fromDefinition(definitionOf(entry, place.folder));
}

/**
 * The definition that the entry's own package exports.
 *
 * @param {Entry} entry
 * @param {string} folder
 * @returns {ModelDefinition}
 */
function definitionOf(entry, folder) {
  const { scale, channels, inputRange, outputRange, modelType, divisibilityFactor, file, sha256 } = entry;
  return {
    path: path.join(folder, file),
    modelType,
    scale,
    channels,
    inputRange,
    outputRange,
    divisibilityFactor,
    sha256,
    _internals: { name: entry.package, path: file },
  };
}

/**
 * @param {unknown} given
 * @param {number} [scale]
 * @returns {ResolvedModel}
 */
function fromDefinition(given, scale) {
  const definition = checkDefinition(unwrapDefault(given));
  if (scale !== undefined && definition.scale !== undefined && definition.scale !== scale) {
    throw wrongScale(describeDefinition(definition), definition.scale, scale);
  }
  const { entry, sha256 } = publishedAs(definition);
  return {
    definition,
    entry,
    hooks: hasBuiltInHooks(definition) ? undefined : definition,
    source: {
      ...place(definition),
      name: entry?.id ?? definition._internals?.name,
      scale: definition.scale ?? scale,
      ...ranges(definition),
      channels: definition.channels,
      divisibilityFactor: definition.divisibilityFactor,
      sha256,
    },
  };
}

/**
 * The catalogue's word on the weights of a package, which its code cannot change: their hash, and all that is known of
 * them. Another version of UpscalerJS's packages may hold others, of which nothing is known.
 *
 * @param {ModelDefinition} definition
 * @returns {{ entry?: Entry, sha256?: string }}
 */
function publishedAs(definition) {
  const { path: file, sha256, _internals } = definition;
  const entry = models.findByDefinition(definition);
  if (entry === undefined || _internals === undefined) return { sha256 };
  if (_internals.name === entry.package) return { entry, sha256: entry.sha256 };
  if (file !== undefined) return { entry, sha256 };
  if (packages.versionOf(_internals.name) !== entry.origin.version) return { sha256 };
  return { entry, sha256: entry.modelType === 'graph' ? entry.sha256 : check.own(origins, entry.id) };
}

/**
 * UpscalerJS takes 0..255 where a definition of a TensorFlow.js model gives no range. Of an `.onnx` the model itself
 * knows better.
 *
 * @param {ModelDefinition} definition
 */
function ranges({ path: file, inputRange, outputRange }) {
  if (typeof file === 'string' && /\.onnx$/i.test(file)) return { inputRange, outputRange };
  return { inputRange: inputRange ?? ZERO_TO_255, outputRange: outputRange ?? ZERO_TO_255 };
}

/** @type {[number, number]} */
const ZERO_TO_255 = [0, 255];

/** @param {ModelDefinition} definition those of UpscalerJS's own packages want its TensorFlow.js, and are built in here */
function hasBuiltInHooks(definition) {
  return definition._internals?.name?.startsWith('@upscalerjs/') ?? false;
}

/**
 * @param {ModelDefinition} definition
 * @returns {{ path: string } | { handler: io.Handler }}
 */
function place({ path: given, _internals }) {
  if (given === undefined) {
    const { name, path: inside } = /** @type {NonNullable<typeof _internals>} */ (_internals);
    return { path: onDisk(packages.fileOfPackage(name, inside)) };
  }
  const file = typeof given === 'string' ? given : io.fileOf(given);
  return file === undefined ? { handler: /** @type {io.Handler} */ (given) } : { path: localPath(file) };
}

/**
 * @param {string} model
 * @param {number} found
 * @param {number} expected
 */
function wrongScale(model, found, expected) {
  return new UpscalerError(
    'ERR_UPSCALER_MODEL_NOT_FOUND',
    `Expected a model of scale ${expected} (options.scale) but ${model} has scale ${found}`,
  );
}

module.exports = { resolveModel };

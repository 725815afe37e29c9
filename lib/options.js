// @ts-check
'use strict';

const check = require('./check');
const { checkModel } = require('./definition');
const { invalidType, invalidValue, unreadable } = require('./errors');
const { noticeMistyped } = require('./mistyped');

/**
 * @typedef {import('./native').NativeUpscaleOptions} NativeUpscaleOptions
 * @typedef {import('./native').NativeUpscalerOptions} NativeUpscalerOptions
 * @typedef {'buffer' | 'base64' | 'tensor' | 'raw'} Output
 * @typedef {Output | 'stream'} CallOutput
 */

/**
 * For what is read into memory: files, streams, URLs. All other defaults of the addon's options are its own
 * (src/upscale/options.rs).
 */
const LIMIT_INPUT_BYTES = 256 * 1024 * 1024;

/** For a model to load, in milliseconds: the largest of the catalogue take some seconds, on a busy machine some ten. */
const LOAD_TIMEOUT = 120_000;
/** Node's timers hold 31 bits of milliseconds (24 days). */
const LONGEST_TIMEOUT = 2 ** 31 - 1;
/** Of the lists among the options: a longer one is a mistake, and takes long to look through. */
const MAX_SIZES = 1000;
const MAX_PROVIDERS = 100;
const FAIL_ON = /** @type {const} */ (['none', 'truncated', 'error', 'warning']);
const PRECISIONS = /** @type {const} */ (['fp32', 'int8']);
/** Of the pictures that a model is for: grey, colour, colour and alpha. */
const CHANNELS = /** @type {const} */ ([1, 3, 4]);
const OUTPUTS = /** @type {const} */ (['buffer', 'base64', 'tensor', 'raw']);
const CALL_OUTPUTS = /** @type {const} */ ([...OUTPUTS, 'stream']);
/** Of a stream: what a slow reader may leave lying before the work waits for it. */
const HIGH_WATER_MARK = 1024 * 1024;
const FITS = /** @type {const} */ (['cover', 'contain', 'fill', 'inside', 'outside']);
const ALPHAS = /** @type {const} */ (['model', 'resample', 'remove']);
const METADATA = /** @type {const} */ (['none', 'icc', 'all']);
const FORMATS = /** @type {const} */ ({
  png: 'png',
  jpeg: 'jpeg',
  jpg: 'jpeg',
  webp: 'webp',
  avif: 'avif',
  tiff: 'tiff',
  tif: 'tiff',
  gif: 'gif',
});

/**
 * @template T
 * @param {unknown} given
 * @param {(options: unknown) => T} parse
 * @returns {T}
 * @throws an error with a code, whatever the getters of `given` throw
 */
function read(given, parse) {
  try {
    return noticeMistyped(given, parse);
  } catch (cause) {
    throw unreadable('options', cause);
  }
}

/**
 * The constructor's options, checked, with their defaults.
 *
 * @param {unknown} given
 */
function parseUpscalerOptions(given) {
  return read(given, readUpscalerOptions);
}

/** @param {unknown} given */
function readUpscalerOptions(given) {
  const options = check.options('options', given);
  checkModel(options.model);
  const limitInputBytes =
    check.count('options.limitInputBytes', options.limitInputBytes) ?? LIMIT_INPUT_BYTES;
  return {
    model: options.model,
    scale: check.integer('options.scale', options.scale, 1),
    channels: check.oneOf('options.channels', options.channels, CHANNELS),
    precision: check.oneOf('options.precision', options.precision, PRECISIONS),
    executionProviders: parseProviders(options.executionProviders),
    warmupSizes: options.warmupSizes === undefined ? [] : parseWarmupSizes(options.warmupSizes),
    tf: parseTf(options.tf),
    loading: {
      signal: check.abortSignal('options.signal', options.signal),
      timeout: check.positiveNumber('options.timeout', options.timeout, LONGEST_TIMEOUT) ?? LOAD_TIMEOUT,
    },
    guard: check.boolean('options.guard', options.guard),
    input: {
      allowPaths: check.boolean('options.allowPaths', options.allowPaths) ?? true,
      fetch: parseFetch(options.fetch),
      limitInputBytes,
    },
    native: /** @type {NativeUpscalerOptions} */ ({
      threads: check.integer('options.threads', options.threads, 1, 1024),
      concurrency: check.integer('options.concurrency', options.concurrency, 1, 1024),
      maxPending: check.integer('options.maxPending', options.maxPending, 0),
      limitInputBytes,
      limitInputPixels: parseLimit('options.limitInputPixels', options.limitInputPixels),
      limitOutputPixels: parseLimit('options.limitOutputPixels', options.limitOutputPixels),
      failOn: check.oneOf('options.failOn', options.failOn, FAIL_ON),
    }),
  };
}

/** @param {unknown} given */
function parseConfiguration(given) {
  return read(given, readConfiguration);
}

/** @param {unknown} given */
function readConfiguration(given) {
  const options = check.options('options', given);
  return {
    threads: check.integer('options.threads', options.threads, 1, 1024),
    maxMemory: check.count('options.maxMemory', options.maxMemory),
  };
}

/**
 * The options of one call, checked: what the shim acts on, and in `native` what the addon is told.
 *
 * @param {unknown} given
 */
function parseUpscaleOptions(given) {
  return read(given, readUpscaleOptions);
}

/** @param {unknown} given */
function readUpscaleOptions(given) {
  const options = check.options('options', given);
  const output = check.oneOf('options.output', options.output, CALL_OUTPUTS) ?? 'buffer';
  return {
    output,
    highWaterMark:
      check.integer('options.highWaterMark', options.highWaterMark, 1, 2 ** 31 - 1) ?? HIGH_WATER_MARK,
    progress: check.callback('options.progress', options.progress),
    progressOutput:
      check.oneOf('options.progressOutput', options.progressOutput, OUTPUTS) ??
      (output === 'stream' ? 'buffer' : output),
    signal: check.abortSignal('options.signal', options.signal),
    timeout: check.positiveNumber('options.timeout', options.timeout, LONGEST_TIMEOUT),
    resolveWithObject: check.boolean('options.resolveWithObject', options.resolveWithObject) ?? false,
    frames: parseFrames(options, output),
    native: /** @type {NativeUpscaleOptions} */ ({
      output: nativeOutput(output),
      ...parseEncoding(options),
      ...parseSize(options),
      ...parsePatches(options),
      alpha: check.oneOf('options.alpha', options.alpha, ALPHAS),
      background: parseBackground(options.background),
      autoOrient: check.boolean('options.autoOrient', options.autoOrient),
      keepMetadata: check.oneOf('options.keepMetadata', options.keepMetadata, METADATA),
      page: check.integer('options.page', options.page, 0),
    }),
  };
}

/**
 * Which frames of an animation are wanted: `undefined` for one picture, of `page`.
 *
 * @param {Record<string, unknown>} options
 * @param {CallOutput} output
 */
function parseFrames(options, output) {
  const animated = check.boolean('options.animated', options.animated) ?? false;
  const pages = check.integer('options.pages', options.pages, -1) ?? (animated ? -1 : 1);
  if (pages === 0) throw invalidValue('options.pages', '-1 (all) or at least 1', pages);
  if (pages === 1) return undefined;
  if (output !== 'buffer' && output !== 'base64') {
    throw invalidValue('options.output', "'buffer' or 'base64' for an animation", output);
  }
  return { first: check.integer('options.page', options.page, 0) ?? 0, count: pages };
}

/** @param {CallOutput} output */
function nativeOutput(output) {
  return output === 'tensor' || output === 'raw' ? output : 'encoded';
}

/** @param {Record<string, unknown>} options */
function parseEncoding(options) {
  const names = /** @type {(keyof typeof FORMATS)[]} */ (Object.keys(FORMATS));
  const format = check.oneOf('options.format', options.format, names);
  return {
    format: format && FORMATS[format],
    quality: check.integer('options.quality', options.quality, 1, 100),
    lossless: check.boolean('options.lossless', options.lossless),
    compressionLevel: check.integer('options.compressionLevel', options.compressionLevel, 0, 9),
    depth: check.oneOf('options.depth', options.depth, /** @type {const} */ ([8, 16])),
  };
}

/** @param {Record<string, unknown>} options */
function parseSize(options) {
  const size = {
    scale: check.positiveNumber('options.scale', options.scale),
    width: check.integer('options.width', options.width, 1),
    height: check.integer('options.height', options.height, 1),
    fit: check.oneOf('options.fit', options.fit, FITS),
  };
  if (size.scale !== undefined && (size.width !== undefined || size.height !== undefined)) {
    throw invalidValue('options.scale', 'either scale, or width and height, not both', size.scale);
  }
  return size;
}

/** @param {Record<string, unknown>} options */
function parsePatches(options) {
  const patchSize = check.integer('options.patchSize', options.patchSize, 1);
  const padding = check.integer('options.padding', options.padding, 0);
  if (patchSize === undefined) return {};
  if (padding !== undefined && padding * 2 >= patchSize) {
    throw invalidValue('options.padding', `less than half of patchSize (${patchSize})`, padding);
  }
  return { patchSize, padding };
}

/**
 * @param {unknown} background
 * @returns {[number, number, number] | undefined}
 */
function parseBackground(background) {
  if (background === undefined) return undefined;
  const expected = "'#rrggbb', [r, g, b] or { r, g, b } with integers from 0 to 255";
  const channels = Array.isArray(background)
    ? background
    : check.isObject(background)
      ? [background.r, background.g, background.b]
      : parseHexColour(background);
  if (channels === undefined) throw invalidType('options.background', expected, background);
  if (channels.length !== 3 || !channels.every((c) => Number.isInteger(c) && c >= 0 && c <= 255)) {
    throw invalidValue('options.background', expected, background);
  }
  return [channels[0], channels[1], channels[2]];
}

/** @param {unknown} colour */
function parseHexColour(colour) {
  if (typeof colour !== 'string') return undefined;
  const digits = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(colour) ? colour.slice(1) : '';
  const pairs = digits.length === 3 ? [...digits].map((digit) => digit + digit) : (digits.match(/../g) ?? []);
  return pairs.map((pair) => Number.parseInt(pair, 16));
}

/**
 * UpscalerJS's `warmupSizes` as square sizes in pixels.
 *
 * @param {unknown} given
 * @returns {{ patchSize: number, padding?: number }[]}
 */
function parseWarmupSizes(given) {
  try {
    return readWarmupSizes(given);
  } catch (cause) {
    throw unreadable('warmupSizes', cause);
  }
}

/**
 * @param {unknown} given
 * @returns {{ patchSize: number, padding?: number }[]}
 */
function readWarmupSizes(given) {
  const sizes = Array.isArray(given) ? given : [given];
  check.short('warmupSizes', sizes, MAX_SIZES);
  return sizes.map((size) => {
    const { patchSize, padding } = check.isObject(size) ? size : { patchSize: size, padding: undefined };
    if (patchSize === undefined)
      throw invalidType('warmupSizes', 'a number, { patchSize } or an array of them', size);
    return {
      patchSize: /** @type {number} */ (check.integer('warmupSizes', patchSize, 1, 16384)),
      padding: check.integer('warmupSizes padding', padding, 0),
    };
  });
}

/** @param {unknown} providers */
function parseProviders(providers) {
  if (providers === undefined) return undefined;
  if (!Array.isArray(providers)) {
    throw invalidType('options.executionProviders', 'an array of strings', providers);
  }
  check.short('options.executionProviders', providers, MAX_PROVIDERS);
  // A copy: holes become `undefined`, and nobody changes it later.
  const names = Array.from(providers);
  if (!names.every((name) => typeof name === 'string')) {
    throw invalidType('options.executionProviders', 'an array of strings', providers);
  }
  if (names.length === 0) {
    throw invalidValue('options.executionProviders', 'at least one provider', providers);
  }
  return names;
}

/**
 * @param {unknown} option
 * @returns {typeof fetch | undefined}
 */
function parseFetch(option) {
  if (option === undefined || option === false) return undefined;
  if (option === true) return fetch;
  if (typeof option === 'function') return /** @type {typeof fetch} */ (option);
  throw invalidType('options.fetch', 'a boolean or a fetch function', option);
}

/**
 * @param {unknown} tf
 * @returns {import('./tensor').TensorFlow | undefined}
 */
function parseTf(tf) {
  if (tf === undefined) return undefined;
  if (typeof tf === 'object' && tf !== null && 'tensor' in tf && typeof tf.tensor === 'function') {
    return /** @type {import('./tensor').TensorFlow} */ (tf);
  }
  throw invalidType('options.tf', 'a TensorFlow.js module', tf);
}

/**
 * @param {string} name
 * @param {unknown} limit
 * @returns {number | undefined} 0: no limit; `undefined`: the default
 */
function parseLimit(name, limit) {
  if (limit === false) return 0;
  if (limit === true) return undefined;
  return check.count(name, limit);
}

module.exports = {
  parseUpscalerOptions,
  parseUpscaleOptions,
  parseConfiguration,
  parseWarmupSizes,
  nativeOutput,
  ALPHAS,
  FITS,
  FORMATS,
  METADATA,
  PRECISIONS,
};

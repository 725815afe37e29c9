// @ts-check
'use strict';

const { availableParallelism } = require('node:os');
const Upscaler = require('../../index.js');
const check = require('../check');
const { invalidType, invalidValue } = require('../errors');
const { FITS, FORMATS } = require('../options');
const { optionalPeer } = require('./optional-peer');

/**
 * @typedef {import('./types/server').JobStore} JobStore
 * @typedef {ReturnType<typeof parseSettings>} Settings
 * @typedef {{ min: number, max: number }} Bounds
 */

const MIB = 1024 * 1024;
/** What browsers show; not AVIF, which all of them ask for first and which takes many times as long to write. */
const USUAL_FORMATS = ['png', 'jpeg', 'webp'];

/**
 * The options of a server, checked, with their defaults: see `ServerOptions` in types/server.d.ts.
 *
 * @param {unknown} given
 */
function parseSettings(given) {
  const options = check.options('options', given);
  return {
    upscaler: parseUpscaler(options.upscaler),
    instance: check.options('options.instance', options.instance),
    models: parseNames('options.models', options.models) ?? [],
    limits: parseLimits(options.limits),
    concurrency: check.integer('options.concurrency', options.concurrency, 1, 1024) ?? usualConcurrency(),
    maxPending: check.integer('options.maxPending', options.maxPending, 0) ?? 64,
    parameters: parseParameters(options.parameters),
    busboy: parseMultipart(check.boolean('options.multipart', options.multipart)),
    json: check.boolean('options.json', options.json) ?? true,
    urls: parseUrls(options.urls),
    stream: check.boolean('options.stream', options.stream) ?? true,
    etag: check.boolean('options.etag', options.etag) ?? false,
    cacheControl: check.pattern(
      'options.cacheControl',
      options.cacheControl,
      /^[\t\x20-\x7e]+$/,
      'the value of a Cache-Control header',
    ),
    disposition: check.oneOf(
      'options.disposition',
      options.disposition,
      /** @type {const} */ (['inline', 'attachment']),
    ),
    jobs: parseJobs(options.jobs),
    metrics: options.metrics,
    telemetry: check.boolean('options.telemetry', options.telemetry) ?? false,
  };
}

/** Enough that cores have work while pictures are read and sent, and that a thumbnail need not wait for posters. */
function usualConcurrency() {
  return 2 * availableParallelism();
}

/** @param {unknown} upscaler */
function parseUpscaler(upscaler) {
  if (upscaler === undefined || upscaler instanceof Upscaler) return upscaler;
  throw invalidType('options.upscaler', 'an Upscaler', upscaler);
}

/**
 * @param {string} name
 * @param {unknown} names
 * @returns {string[] | undefined}
 */
function parseNames(name, names) {
  if (names === undefined) return undefined;
  if (Array.isArray(names) && names.every((one) => typeof one === 'string')) return names;
  throw invalidType(name, 'an array of strings', names);
}

/** @param {unknown} given */
function parseLimits(given) {
  const limits = check.options('options.limits', given);
  /** @param {string} name @param {number} fallback */
  const limit = (name, fallback) => check.integer(`options.limits.${name}`, limits[name], 1) ?? fallback;
  return {
    bytes: limit('bytes', 20 * MIB),
    jsonBytes: limit('jsonBytes', 8 * MIB),
    totalBytes: limit('totalBytes', 256 * MIB),
    inputPixels: limit('inputPixels', 25e6),
    outputPixels: limit('outputPixels', 100e6),
    timeout: limit('timeout', 60_000),
    bodyTimeout: limit('bodyTimeout', 30_000),
  };
}

/** @param {unknown} given */
function parseParameters(given) {
  const parameters = check.options('options.parameters', given);
  return {
    scale: parseBounds('scale', parameters.scale, { min: Number.MIN_VALUE, max: 4 }),
    width: parseBounds('width', parameters.width, { min: 1, max: 16384 }),
    height: parseBounds('height', parameters.height, { min: 1, max: 16384 }),
    quality: parseBounds('quality', parameters.quality, { min: 1, max: 100 }),
    fit: parseChoice('fit', parameters.fit, FITS, FITS),
    format: parseChoice('format', parameters.format, Object.keys(FORMATS), USUAL_FORMATS),
  };
}

/**
 * @param {string} name
 * @param {unknown} given
 * @param {Bounds} fallback
 * @returns {Bounds | undefined} `undefined`: a request may not choose it
 */
function parseBounds(name, given, fallback) {
  if (given === false) return undefined;
  const bounds = check.options(`options.parameters.${name}`, given);
  const min = check.positiveNumber(`options.parameters.${name}.min`, bounds.min) ?? fallback.min;
  const max = check.positiveNumber(`options.parameters.${name}.max`, bounds.max) ?? fallback.max;
  if (min > max) throw invalidValue(`options.parameters.${name}.min`, `a number up to max (${max})`, min);
  return { min, max };
}

/**
 * @param {string} name
 * @param {unknown} given
 * @param {readonly string[]} known
 * @param {readonly string[]} fallback
 * @returns {readonly string[]} empty: a request may not choose it
 */
function parseChoice(name, given, known, fallback) {
  if (given === false) return [];
  const choice = parseNames(`options.parameters.${name}`, given) ?? fallback;
  for (const one of choice) check.oneOf(`options.parameters.${name}`, one, known);
  return choice;
}

/** @param {boolean | undefined} wanted */
function parseMultipart(wanted) {
  if (wanted === false) return undefined;
  return optionalPeer('busboy', wanted === true && 'options.multipart');
}

/** @param {unknown} given */
function parseUrls(given) {
  if (given === undefined || given === false) return undefined;
  const urls = check.options('options.urls', given);
  const hosts = parseNames('options.urls.hosts', urls.hosts) ?? [];
  if (hosts.length === 0) throw invalidType('options.urls.hosts', 'an array of hosts', urls.hosts);
  const origins = hosts.map((host) => new URL(host.includes('://') ? host : `https://${host}`).origin);
  return { origins: new Set(origins), fetch: check.callback('options.urls.fetch', urls.fetch) ?? fetch };
}

/** @param {unknown} given */
function parseJobs(given) {
  const jobs = check.options('options.jobs', given);
  const isStore = typeof jobs.add === 'function';
  const limits = isStore ? {} : jobs;
  return {
    store: isStore ? /** @type {JobStore} */ (/** @type {unknown} */ (jobs)) : undefined,
    ttl: check.integer('options.jobs.ttl', limits.ttl, 1) ?? 600_000,
    max: check.integer('options.jobs.max', limits.max, 1) ?? 1000,
    maxBytes: check.integer('options.jobs.maxBytes', limits.maxBytes, 1) ?? 256 * MIB,
  };
}

module.exports = { parseSettings };

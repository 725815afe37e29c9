// @ts-check
'use strict';

const { entries } = require('./catalogue');
const { absent, synonyms } = require('./catalogue/vocabulary.json');
const check = require('./check');
const { UpscalerError, describe: shown, invalidType, invalidValue, unreadable } = require('./errors');
const { locate } = require('./locate');
const nearest = require('./nearest');

/**
 * Choosing a model of the catalogue, by name or by query.
 *
 * @typedef {import('../index.js').ModelQuery} ModelQuery
 * @typedef {import('../index.js').CatalogueEntry} CatalogueEntry
 * @typedef {import('../index.js').ModelDefinition} ModelDefinition
 * @typedef {import('./catalogue/entry').Entry} Entry
 */

/** What a query may ask for, and of which type it is; every one is a field of an entry. */
const QUERY = Object.freeze({
  __proto__: null,
  scale: 'number',
  domain: 'string',
  dataset: 'string',
  architecture: 'string',
  family: 'string',
  size: 'string',
  channels: 'number',
  noise: 'number',
  quantization: 'string',
});

/** Longer names and words are none of ours, and are not compared with them. */
const LONGEST_WORD = 128;

/**
 * Every entry of the catalogue that fits, best choice first, installed or not.
 *
 * @param {ModelQuery} [query]
 * @returns {CatalogueEntry[]}
 */
function listModels(query) {
  return select(checkQuery(query)).map((entry) => ({
    ...describe(entry),
    installed: locate(entry) !== undefined,
  }));
}

/**
 * What users are shown of an entry, theirs to change.
 *
 * @param {Entry} entry
 * @returns {Omit<CatalogueEntry, 'installed'>}
 */
function describe(entry) {
  const {
    upscalerjs,
    default: _,
    embedded,
    committed,
    file,
    modelType,
    inputRange,
    outputRange,
    divisibilityFactor,
    ...shown
  } = entry;
  return structuredClone(shown);
}

/**
 * @param {ModelQuery} query
 * @returns {Entry[]}
 */
function select(query) {
  const wanted = normalize(query);
  return entries.filter((entry) => nearest.differences(entry, wanted).length === 0);
}

/**
 * The best entry for a query.
 *
 * @param {ModelQuery} query
 * @returns {Entry}
 * @throws `ERR_UPSCALER_MODEL_NOT_FOUND` with the nearest entries and what differs in each
 */
function findByQuery(query) {
  const [best] = select(checkQuery(query));
  if (best !== undefined) return best;
  const reason = whyAbsent(query);
  throw notFound(
    `No model fits ${JSON.stringify(query)}${reason ? ` (${reason})` : ''}`,
    nearest.toQuery(entries, normalize(query)),
  );
}

/**
 * The entry of a name: an id, an alias, a verbose path or the module that holds it; or, as `scale` chooses, of what
 * such a name is without its scale, of a family and of a package.
 *
 * @param {string} name
 * @param {number} [scale]
 * @returns {Entry | undefined} `undefined` if the catalogue knows no such name
 * @throws `ERR_UPSCALER_MODEL_NOT_FOUND` if it does, but not at this scale, or if it is a package of several models
 *   and no scale is given
 */
function findByName(name, scale) {
  if (name.length > LONGEST_WORD) return undefined;
  const wanted = name.toLowerCase();
  const named = entries.filter((entry) => namesOf(entry).includes(wanted));
  const group = entries.filter((entry) => groupsOf(entry).includes(wanted));
  const candidates = named.length > 0 ? named : group;
  if (candidates.length === 0) return undefined;

  const ambiguous = scale === undefined && candidates.length > 1 && name.startsWith('@');
  const found =
    scale === undefined ? candidates[0] : [...named, ...group].find((entry) => entry.scale === scale);
  if (found !== undefined && !ambiguous) return found;
  throw notFound(
    ambiguous
      ? `Package ${name} holds several models: name one, or give a scale`
      : `Model ${JSON.stringify(name)} does not come with scale ${scale}`,
    (group.length > 0 ? group : candidates).map(({ id, scale: has }) => `${id} (scale ${has})`),
  );
}

/**
 * What a user means who names no model.
 *
 * @param {number} [scale]
 * @returns {Entry}
 */
function findDefault(scale) {
  const candidates = entries.filter((entry) => entry.default);
  const found = scale === undefined ? candidates[0] : candidates.find((entry) => entry.scale === scale);
  return found ?? findByQuery({ scale });
}

/**
 * The models that the default takes instead: for other final sizes, for compressed files, for what was drawn, and for alpha.
 *
 * @param {Entry} chosen
 * @returns {Entry[]}
 */
function alternativesTo(chosen) {
  if (!chosen.default) return [];
  return entries.filter(
    (entry) => entry !== chosen && (entry.default || entry.artefacts !== null || entry.drawn || entry.alpha),
  );
}

/** @param {string} [id] */
function findById(id) {
  return entries.find((entry) => entry.id === id);
}

/**
 * The network that takes the place of a faithful one where that has blown up, if it is there.
 *
 * @param {Entry} entry
 * @returns {Entry | undefined}
 */
function fallbackOf(entry) {
  const fallback = entry.fallback === null ? undefined : findById(entry.fallback);
  return fallback !== undefined && locate(fallback) !== undefined ? fallback : undefined;
}

/**
 * The entry that a definition of UpscalerJS's packages or of ours belongs to.
 *
 * @param {ModelDefinition} definition
 * @returns {Entry | undefined}
 */
function findByDefinition({ _internals }) {
  if (_internals === undefined) return undefined;
  const { name, path } = _internals;
  return entries.find(
    (entry) =>
      (entry.package === name && entry.file === path) ||
      (entry.origin.package === name && entry.origin.file === `package/${path}`) ||
      entry.upscalerjs.includes(name),
  );
}

/** @param {Entry} entry */
function namesOf(entry) {
  const { id, aliases, module } = entry;
  return [id, ...forms(entry), module, ...aliases].map((name) => name.toLowerCase());
}

/**
 * The verbose paths of an entry: a network for 3 channels can be had for grey pictures and for those with alpha too.
 *
 * @param {Entry} entry
 */
function forms(entry) {
  return nearest.channelsOf(entry).map((channels) => pathFor(entry, channels));
}

/**
 * @param {Entry} entry
 * @param {number} channels
 */
function pathFor({ path }, channels) {
  return path.replace(/\d+$/, String(channels));
}

/**
 * The channels that a query or a verbose path asks for.
 *
 * @param {unknown} model
 * @returns {number | undefined}
 */
function channelsIn(model) {
  if (isQuery(model)) return /** @type {ModelQuery} */ (model).channels;
  if (typeof model !== 'string') return undefined;
  if (model.length > LONGEST_WORD) return undefined;
  const name = model.toLowerCase();
  const isPath = entries.some((entry) => forms(entry).some((form) => form.toLowerCase() === name));
  return isPath ? Number(name.slice(name.lastIndexOf('/') + 1)) : undefined;
}

/** @param {Entry} entry */
function groupsOf(entry) {
  return [entry.family, entry.package, ...namesOf(entry).map(withoutScale)];
}

/** @param {string} name `esrgan-slim-4x`, `@upscalerjs/esrgan-slim/4x`, `realesr-animevideov3-x2` */
function withoutScale(name) {
  return name.replace(/[-/](\d+x|x\d+)$/, '');
}

/**
 * @param {string} name that nothing answers to
 */
function unknownName(name) {
  const known = entries.flatMap(({ id, aliases }) => [id, ...aliases]);
  const { domain } = normalize({ domain: name });
  const meantFor = entries.filter((entry) => entry.domain === domain).map(({ id }) => id);
  return notFound(
    `No model is called ${shown(name)} (a path starts with / or ./, or ends in .onnx, .json or .param)`,
    meantFor.length > 0 ? meantFor : nearest.toName(known, name.slice(0, LONGEST_WORD)),
  );
}

/**
 * @param {string} message
 * @param {string[]} near
 */
function notFound(message, near) {
  return new UpscalerError('ERR_UPSCALER_MODEL_NOT_FOUND', `${message}. Nearest: ${near.join('; ')}`);
}

/**
 * @param {ModelQuery} query
 * @returns {string | undefined} where it is known why nothing can fit
 */
function whyAbsent(query) {
  const wanted = normalize(query);
  return Object.entries(absent)
    .map(([key, reasons]) => check.own(reasons, check.own(wanted, key)))
    .find((reason) => reason !== undefined);
}

/**
 * Words as the catalogue has them: in lower case, and one word for one thing.
 *
 * @param {ModelQuery} query
 * @returns {ModelQuery}
 */
function normalize(query) {
  return Object.fromEntries(
    Object.entries(query).map(([key, value]) => {
      if (typeof value !== 'string') return [key, value];
      const word = value.toLowerCase();
      return [key, check.own(check.own(synonyms, key), word) ?? word];
    }),
  );
}

/**
 * @param {unknown} query
 * @returns {ModelQuery} a copy
 */
function checkQuery(query) {
  if (query === undefined) return {};
  try {
    if (!check.isPlainObject(query)) throw invalidType('query', 'an object', query);
    const words = { ...query };
    for (const [key, value] of Object.entries(words)) checkWord(key, value);
    return words;
  } catch (cause) {
    throw unreadable('query', cause);
  }
}

/**
 * @param {string} key
 * @param {unknown} value
 */
function checkWord(key, value) {
  const type = check.own(QUERY, key);
  if (type === undefined)
    throw invalidType('query', `an object with some of ${Object.keys(QUERY).join(', ')}`, key);
  if (value === undefined || value === null) return;
  if (typeof value !== type) throw invalidType(`query.${key}`, `a ${type}`, value);
  if (type === 'number' ? !Number.isFinite(value) : String(value).length > LONGEST_WORD) {
    throw invalidValue(`query.${key}`, type === 'number' ? 'a finite number' : 'a word', value);
  }
}

/** @param {unknown} model tells a query from a model definition, which has a path or internals */
function isQuery(model) {
  return check.isPlainObject(model) && Object.keys(model).every((key) => check.own(QUERY, key) !== undefined);
}

module.exports = {
  listModels,
  describe,
  pathFor,
  channelsIn,
  findByName,
  findByQuery,
  findByDefinition,
  findDefault,
  alternativesTo,
  fallbackOf,
  findById,
  unknownName,
  isQuery,
};

// @ts-check
'use strict';

const { UpscalerError, invalidType } = require('./errors');
const check = require('./check');
const { isInstalled } = require('./packages');

/**
 * The catalogue: `catalogue.json` is the one place where the models are described, best choice first.
 *
 * @typedef {import('../index.js').ModelQuery} ModelQuery
 * @typedef {import('../index.js').CatalogueEntry} CatalogueEntry
 * @typedef {Omit<CatalogueEntry, 'installed'> & { default: boolean, file: string | null }} Entry
 */

/** @type {Entry[]} */
const catalogue = require('./catalogue.json');

/** What a query may ask for; every one is a field of an entry. */
const QUERY_KEYS = /** @type {const} */ ([
  'scale',
  'domain',
  'dataset',
  'architecture',
  'family',
  'size',
  'channels',
  'quantization',
]);

const NEAREST = 3;

/**
 * Every entry of the catalogue that fits, best choice first, installed or not.
 *
 * @param {ModelQuery} [query]
 * @returns {CatalogueEntry[]}
 */
function listModels(query) {
  return select(checkQuery(query)).map(publish);
}

/**
 * @param {Entry} entry
 * @returns {CatalogueEntry}
 */
function publish({ default: _, file, ...entry }) {
  return { ...structuredClone(entry), installed: entry.package === null || isInstalled(entry.package) };
}

/**
 * @param {ModelQuery} query
 * @returns {Entry[]}
 */
function select(query) {
  return catalogue.filter((entry) => differences(entry, query).length === 0);
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
  const nearest = catalogue
    .map((entry) => ({ entry, differs: differences(entry, query) }))
    .sort((a, b) => a.differs.length - b.differs.length)
    .slice(0, NEAREST)
    .map(
      ({ entry, differs }) =>
        `${entry.id} (${differs.map((key) => `${key} ${JSON.stringify(entry[key])}`).join(', ')})`,
    );
  throw notFound(`No model fits ${JSON.stringify(query)}`, nearest);
}

/**
 * The entry of a name: an id, an alias, a verbose path, or a family, in which `scale` chooses.
 *
 * @param {string} name
 * @param {number} [scale]
 * @returns {Entry | undefined} `undefined` if the catalogue knows no such name
 * @throws `ERR_UPSCALER_MODEL_NOT_FOUND` if it does, but not at this scale
 */
function findByName(name, scale) {
  const named = catalogue.filter(
    ({ id, aliases, path }) => id === name || path === name || aliases.includes(name),
  );
  const family = catalogue.filter((entry) => (name === 'default' ? entry.default : entry.family === name));
  const candidates = named.length > 0 ? named : family;
  if (candidates.length === 0) return undefined;
  const entry =
    scale === undefined ? candidates[0] : candidates.find((candidate) => candidate.scale === scale);
  if (entry !== undefined) return entry;
  throw notFound(
    `Model ${JSON.stringify(name)} does not come with scale ${scale}`,
    (family.length > 0 ? family : candidates).map(({ id, scale: has }) => `${id} (scale ${has})`),
  );
}

/**
 * @param {string} name that nothing answers to
 */
function unknownName(name) {
  const nearest = catalogue
    .flatMap(({ id, aliases }) => [id, ...aliases])
    .map((known) => ({ known, distance: editDistance(name, known) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, NEAREST)
    .map(({ known }) => known);
  return notFound(
    `No model is called ${JSON.stringify(name)} (a path starts with / or ./, or ends in .onnx, .json or .param)`,
    nearest,
  );
}

/**
 * @param {string} message
 * @param {string[]} nearest
 */
function notFound(message, nearest) {
  return new UpscalerError('ERR_UPSCALER_MODEL_NOT_FOUND', `${message}. Nearest: ${nearest.join('; ')}`);
}

/**
 * @param {Entry} entry
 * @param {ModelQuery} query
 */
function differences(entry, query) {
  return QUERY_KEYS.filter((key) => query[key] !== undefined && query[key] !== entry[key]);
}

/**
 * @param {unknown} query
 * @returns {ModelQuery}
 */
function checkQuery(query) {
  const given = check.options('query', query);
  const known = /** @type {readonly string[]} */ (QUERY_KEYS);
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) throw invalidType('query', `an object with some of ${known.join(', ')}`, key);
  }
  return given;
}

/** @param {unknown} model tells a query from a model definition, which has a path or internals */
function isQuery(model) {
  return (
    check.isObject(model) &&
    Object.keys(model).every((key) => /** @type {readonly string[]} */ (QUERY_KEYS).includes(key))
  );
}

/**
 * Levenshtein's distance, one row at a time.
 *
 * @param {string} a
 * @param {string} b
 */
function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}

module.exports = { listModels, findByName, findByQuery, unknownName, isQuery };

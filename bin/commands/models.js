// @ts-check
'use strict';

const { listModels } = require('../../lib/models');
const { synonyms } = require('../../lib/catalogue/vocabulary.json');
const { bytes } = require('../terminal/figures');
const { print } = require('../terminal/output');
const { table } = require('../terminal/text');

/**
 * `upscaler-node models`: the catalogue, or what of it fits all of the words.
 *
 * @typedef {import('../../index.js').CatalogueEntry} CatalogueEntry
 * @param {import('../arguments/commands').Invocation} invocation
 */
async function run({ operands, options }) {
  const { scale, domain, installed, json } = options;
  const found = listModels({ scale, domain }).filter(
    (entry) => (!installed || entry.installed) && operands.every((word) => fits(entry, word)),
  );
  if (json) return print(JSON.stringify(found, null, 2));
  if (found.length === 0) {
    const domains = [...new Set(listModels().map((entry) => entry.domain))];
    await print(`No model fits. They are for: ${domains.join(', ')}`);
    return 1;
  }
  await print(show(found));
}

/**
 * @param {CatalogueEntry} entry
 * @param {string} given `anime`, `4x`, `mit`
 */
function fits(entry, given) {
  const word = given.toLowerCase();
  if (/^\d+x$|^x\d+$/.test(word)) return entry.scale === Number(word.replace('x', ''));
  const { id, family, title, description, aliases, domain, architecture, size, dataset, license, authors } =
    entry;
  const same = Object.entries({ domain, architecture, size }).some(
    ([key, value]) => /** @type {Record<string, Record<string, string>>} */ (synonyms)[key]?.[word] === value,
  );
  const text = [
    id,
    family,
    title,
    description,
    ...aliases,
    domain,
    architecture,
    size,
    dataset,
    license,
    authors,
  ];
  return same || text.some((each) => each.toLowerCase().includes(word));
}

/** @param {CatalogueEntry[]} models */
function show(models) {
  const rows = models.map(({ id, scale, domain, relativeSpeed, quality, fileSize, license, installed }) => [
    id,
    `${scale}x`,
    domain,
    relativeSpeed === null ? '' : String(relativeSpeed),
    quality.set5 === null ? '' : quality.set5.psnrY.toFixed(2),
    fileSize === null ? '' : bytes(fileSize),
    license,
    installed ? 'yes' : 'no',
  ]);
  const head = ['model', '', 'for', 'speed', 'Set5 dB', 'file', 'licence', 'here'];
  const legend =
    'speed: of span-2x, which is 1. here: it can be used at once.\nupscaler-node info <model> says how to install it, and all else.';
  return `${table([head, ...rows], [3, 4, 5])}\n\n${legend}`;
}

module.exports = { run };

// @ts-check
'use strict';

const { related } = require('./catalogue/vocabulary.json');
const { own } = require('./check');

/**
 * What to say to those who asked for a model that there is not: which ones come near, and what differs.
 *
 * @typedef {import('../index.js').ModelQuery} ModelQuery
 * @typedef {import('./catalogue/entry').Entry} Entry
 * @typedef {keyof ModelQuery} Key
 */

const SHOWN = 3;

/**
 * The fields of an entry that are not as the query wants them.
 *
 * @param {Entry} entry
 * @param {ModelQuery} query
 * @returns {Key[]}
 */
function differences(entry, query) {
  const keys = /** @type {Key[]} */ (Object.keys(query));
  return keys.filter((key) => query[key] !== undefined && !fits(entry, key, query[key]));
}

/**
 * @param {Entry} entry
 * @param {Key} key
 * @param {unknown} wanted
 */
function fits(entry, key, wanted) {
  if (entry[key] === wanted) return true;
  if (key === 'channels') return channelsOf(entry).includes(/** @type {number} */ (wanted));
  return key === 'quantization' && entry.precisions.includes(/** @type {string} */ (wanted));
}

/**
 * What an entry can be had for: its own channels, and if those are colours, grey and colours with alpha.
 *
 * @param {Entry} entry
 */
function channelsOf({ channels }) {
  return channels === 3 ? [3, 1, 4] : [channels];
}

/**
 * @param {Entry[]} entries
 * @param {ModelQuery} query that none of them fits
 * @returns {string[]} `span-4x (domain "photo")`, the nearest first
 */
function toQuery(entries, query) {
  return entries
    .map((entry) => ({ entry, differs: differences(entry, query) }))
    .map((candidate) => ({ ...candidate, distance: distance(candidate.entry, query, candidate.differs) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, SHOWN)
    .map(
      ({ entry, differs }) =>
        `${entry.id} (${differs.map((key) => `${key} ${JSON.stringify(entry[key])}`).join(', ')})`,
    );
}

/**
 * One for each field that differs, and a part of one for how much it does.
 *
 * @param {Entry} entry
 * @param {ModelQuery} query
 * @param {Key[]} differs
 */
function distance(entry, query, differs) {
  return differs.reduce((sum, key) => sum + 1 + farness(key, query[key], entry[key]), 0);
}

/**
 * @param {Key} key
 * @param {unknown} wanted
 * @param {unknown} has
 * @returns {number} 0 to less than 1 / the number of keys, so that fewer differences are always nearer
 */
function farness(key, wanted, has) {
  if (typeof wanted === 'number' && typeof has === 'number') {
    const apart = Math.abs(Math.log2(wanted / has));
    return Number.isFinite(apart) ? apart / (apart + 1) / 10 : 0.1;
  }
  const akin = own(own(related, key), String(wanted)) ?? [];
  const rank = akin.indexOf(has);
  return rank < 0 ? 0.1 : rank / 100;
}

/**
 * @param {string[]} known
 * @param {string} name
 * @returns {string[]} those that are spelt most like it
 */
function toName(known, name) {
  return known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, SHOWN)
    .map(({ candidate }) => candidate);
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

module.exports = { channelsOf, differences, editDistance, toQuery, toName };

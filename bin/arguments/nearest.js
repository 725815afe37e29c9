// @ts-check
'use strict';

const { editDistance } = require('../../lib/nearest');

/**
 * What somebody who wrote `word` most likely meant.
 *
 * @param {string} word
 * @param {Iterable<string>} known
 * @returns {string | undefined} `undefined` where nothing comes near
 */
function nearest(word, known) {
  const wanted = word.toLowerCase();
  const all = [...known];
  const begun = all.filter((candidate) => wanted.length > 2 && candidate.toLowerCase().startsWith(wanted));
  if (begun.length > 0) return begun[0];
  const [best] = all
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, wanted.length * 0.4) ? best.candidate : undefined;
}

module.exports = { nearest };

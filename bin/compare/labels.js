// @ts-check
'use strict';

const { bytes, duration, short } = require('../terminal/figures');

/**
 * What is written under each picture of a sheet.
 *
 * @param {import('./trials').Trial} trial
 * @returns {string[]} lines, the name first: no more than `LABEL_LINES`
 */
function labelsOf({ model, pixels, ms, wholeMs = 0, megapixelsPerSecond = 0, modelBytes = 0, error }) {
  if (error !== undefined) return [model, 'failed'];
  const size = `${pixels?.width} × ${pixels?.height}`;
  if (ms === undefined) return [model, 'resampled, without a network', size];
  return [
    model,
    `${duration(ms)} · ${short(megapixelsPerSecond)} MP/s`,
    `whole picture ≈ ${duration(wholeMs)}`,
    `network ${bytes(modelBytes)} · ${size}`,
  ];
}

const LABEL_LINES = 4;

module.exports = { labelsOf, LABEL_LINES };

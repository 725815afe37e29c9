'use strict';

const assert = require('node:assert/strict');
const sharp = require('sharp');
const { NEAREST, decode, pattern } = require('./pixels');

/** Options of a server that doubles every pixel: what comes back is known exactly. */
const DOUBLER = { instance: { model: NEAREST } };

const { data, width, height, channels } = pattern(12, 8, 3);

/** A small PNG. */
function smallPng() {
  return sharp(data, { raw: { width, height, channels } }).png().toBuffer();
}

/**
 * A PNG that SPAN takes a while for.
 *
 * @param {number} side
 */
function largePng(side) {
  return sharp({ create: { width: side, height: side, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
}

/**
 * A PNG that cannot be compressed.
 *
 * @param {number} side
 */
function noisyPng(side) {
  const noise = /** @type {const} */ ({ type: 'gaussian', mean: 128, sigma: 60 });
  return sharp({ create: { width: side, height: side, channels: 3, background: 'grey', noise } })
    .png()
    .toBuffer();
}

/**
 * Every pixel of `smallPng()` four times.
 *
 * @param {Buffer} file
 */
async function assertDoubled(file) {
  const result = await decode(file);
  assert.deepEqual([result.width, result.height], [2 * width, 2 * height]);
  const expected = result.data.map((_, i) => {
    const [x, y] = [Math.floor(i / 3) % result.width, Math.floor(i / 3 / result.width)];
    return data[(Math.floor(y / 2) * width + Math.floor(x / 2)) * 3 + (i % 3)];
  });
  assert.deepEqual(result.data, expected);
}

module.exports = { DOUBLER, smallPng, largePng, noisyPng, assertDoubled };

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const sharp = require('sharp');
const { largestDifference } = require('./pixels');

/** What scripts/maxim-fixtures.mjs wrote: a small picture, and what TensorFlow.js makes of it. */
const FIXTURES = path.join(__dirname, '..', 'fixtures', 'maxim');

/** The picture, an encoded file. */
const PICTURE = fs.readFileSync(path.join(FIXTURES, 'input.png'));

/**
 * By how much a result differs from that of TensorFlow.js, of 255.
 *
 * @param {string} id
 * @param {Float32Array} data
 */
async function differenceFromTensorFlow(id, data) {
  const file = path.join(FIXTURES, `${id}.png`);
  const bytes = await sharp(file).toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer();
  const samples = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return largestDifference(
    data,
    Float32Array.from(samples, (sample) => sample / 257),
  );
}

module.exports = { PICTURE, differenceFromTensorFlow };

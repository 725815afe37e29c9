// @ts-check
'use strict';

const { orientationOf } = require('./exif');
const { profileName } = require('./icc');

/** ITU-T T.81, table K.1: the luminance table that quality 50 stands for. Only sums of it are used: order is no matter. */
const LUMINANCE = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
  29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
  121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/**
 * @param {Buffer} file
 * @returns {Partial<import('./index').Facts>}
 */
function jpegFacts(file) {
  /** @type {Partial<import('./index').Facts>} */
  const facts = {};
  /** @type {Record<number, number>} the sum of each quantisation table */
  const sums = {};
  let table = 0;
  for (const { marker, segment } of segments(file)) {
    if (marker === 0xdb) Object.assign(sums, tableSums(segment));
    else if (isFrame(marker)) {
      facts.depth = segment[0];
      facts.progressive = marker === 0xc2;
      facts.colour = { 1: 'grey', 3: 'colour', 4: 'CMYK' }[segment[5]];
      if (segment[5] === 3) facts.subsampling = subsampling(segment);
      table = segment[8];
    } else if (marker === 0xe1 && segment.toString('latin1', 0, 6) === 'Exif\0\0') {
      facts.orientation = orientationOf(segment.subarray(6));
    } else if (
      marker === 0xe2 &&
      segment.toString('latin1', 0, 12) === 'ICC_PROFILE\0' &&
      segment[12] === 1
    ) {
      facts.profile = profileName(segment.subarray(14));
    }
  }
  if (sums[table] !== undefined) facts.quality = quality(sums[table]);
  return facts;
}

/**
 * The segments in front of the picture's data.
 *
 * @param {Buffer} file
 */
function* segments(file) {
  for (let at = 2; at + 4 <= file.length;) {
    if (file[at] !== 0xff) return;
    const marker = file[at + 1];
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) return;
    const length = file.readUInt16BE(at + 2);
    yield { marker, segment: file.subarray(at + 4, at + 2 + length) };
    at += 2 + length;
  }
}

/** @param {number} marker */
function isFrame(marker) {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** By how many luma samples there are for one of chroma, across and down. @type {Record<string, string>} */
const SUBSAMPLINGS = { '1,1': '4:4:4', '2,1': '4:2:2', '2,2': '4:2:0', '1,2': '4:4:0', '4,1': '4:1:1' };

/** @param {Buffer} segment of a frame */
function subsampling(segment) {
  const [luma, chroma] = [segment[7], segment[10]];
  const [across, down] = [(luma >> 4) / (chroma >> 4), (luma & 15) / (chroma & 15)];
  return SUBSAMPLINGS[`${across},${down}`];
}

/** @param {Buffer} segment */
function tableSums(segment) {
  /** @type {Record<number, number>} */
  const sums = {};
  for (let at = 0; at < segment.length;) {
    const [wide, id] = [segment[at] >> 4 !== 0, segment[at] & 15];
    at += 1;
    sums[id] = 0;
    for (let i = 0; i < 64; i++, at += wide ? 2 : 1)
      sums[id] += wide ? segment.readUInt16BE(at) : segment[at];
  }
  return sums;
}

/**
 * The quality, 1 to 100, whose table of the Independent JPEG Group has the nearest sum: what the library goes by.
 *
 * @param {number} sum
 */
function quality(sum) {
  const distance = (/** @type {number} */ q) => Math.abs(scaledSum(q) - sum);
  let best = 1;
  for (let q = 2; q <= 100; q++) if (distance(q) < distance(best)) best = q;
  return best;
}

/** @param {number} q */
function scaledSum(q) {
  const percent = q < 50 ? Math.floor(5000 / q) : 200 - 2 * q;
  return LUMINANCE.reduce(
    (sum, entry) => sum + Math.min(Math.max(Math.floor((entry * percent + 50) / 100), 1), 255),
    0,
  );
}

module.exports = { jpegFacts };

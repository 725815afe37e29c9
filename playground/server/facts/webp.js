// @ts-check
'use strict';

const { orientationOf } = require('./exif');
const { profileName } = require('./icc');

/** In front of the chunks of an animation's frame. */
const ANIMATION_HEADER = 16;

/**
 * @param {Buffer} file
 * @returns {Partial<import('./index').Facts>}
 */
function webpFacts(file) {
  /** @type {Partial<import('./index').Facts>} */
  const facts = { depth: 8, colour: 'colour', frames: 0 };
  for (const { kind, data } of chunks(file, 12)) {
    if (kind === 'VP8X' && data[0] & 16) facts.colour = 'colour, alpha';
    else if (kind === 'ICCP') facts.profile = profileName(data);
    else if (kind === 'EXIF') facts.orientation = orientationOf(exif(data));
    else if (kind === 'ANMF') {
      facts.frames = Number(facts.frames) + 1;
      for (const part of chunks(data, ANIMATION_HEADER)) frameFacts(facts, part);
    } else frameFacts(facts, { kind, data });
  }
  if (facts.frames === 0) delete facts.frames;
  return facts;
}

/** @param {Buffer} data which some writers begin as JPEG does */
function exif(data) {
  return data.toString('latin1', 0, 6) === 'Exif\0\0' ? data.subarray(6) : data;
}

/**
 * @param {Partial<import('./index').Facts>} facts
 * @param {{ kind: string, data: Buffer }} chunk
 */
function frameFacts(facts, { kind, data }) {
  if (facts.lossless !== undefined) return;
  if (kind === 'VP8L') {
    facts.lossless = true;
    if (data.readUInt32LE(1) & (1 << 28)) facts.colour = 'colour, alpha';
  } else if (kind === 'VP8 ') {
    facts.lossless = false;
    facts.quality = quality(quantiser(data));
  }
}

/**
 * @param {Buffer} file
 * @param {number} start
 */
function* chunks(file, start) {
  for (let at = start; at + 8 <= file.length;) {
    const [kind, length] = [file.toString('latin1', at, at + 4), file.readUInt32LE(at + 4)];
    yield { kind, data: file.subarray(at + 8, at + 8 + length) };
    at += 8 + length + (length & 1);
  }
}

/**
 * The inverse of libwebp's `QualityToCompression` (src/enc/quant_enc.c).
 *
 * @param {number} index of the quantiser, 0 to 127
 */
function quality(index) {
  const linear = (1 - index / 127) ** 3;
  const fraction = linear < 0.5 ? 1.5 * linear : (linear + 1) / 2;
  return Math.min(Math.max(Math.round(fraction * 100), 1), 100);
}

/**
 * The quantiser of a key frame (RFC 6386, sections 9.3 and 9.6); of segments, the mean.
 *
 * @param {Buffer} frame
 */
function quantiser(frame) {
  const bits = boolReader(frame.subarray(10));
  bits.literal(2);
  let mean = 0;
  let absolute = false;
  if (bits.literal(1)) {
    const updatesMap = bits.literal(1);
    if (bits.literal(1)) {
      absolute = bits.literal(1) === 1;
      for (let i = 0; i < 4; i++) mean += bits.optional(7) / 4;
      for (let i = 0; i < 4; i++) bits.optional(6);
    }
    if (updatesMap) for (let i = 0; i < 3; i++) if (bits.literal(1)) bits.literal(8);
  }
  bits.literal(1 + 6 + 3);
  if (bits.literal(1) && bits.literal(1)) for (let i = 0; i < 8; i++) bits.optional(6);
  bits.literal(2);
  const base = bits.literal(7);
  return Math.min(Math.max(absolute ? mean : base + mean, 0), 127);
}

/**
 * The boolean decoder of RFC 6386, section 7.3, for even odds; past the end it reads zeros.
 *
 * @param {Buffer} bytes
 */
function boolReader(bytes) {
  let at = 2;
  let value = bytes.readUInt16BE(0);
  let range = 255;
  let shifts = 0;
  const bit = () => {
    const split = 1 + (((range - 1) * 128) >> 8);
    const one = value >= split * 256;
    value -= one ? split * 256 : 0;
    range = one ? range - split : split;
    for (; range < 128; range *= 2) {
      value *= 2;
      if (++shifts === 8) {
        shifts = 0;
        value += bytes[at++] ?? 0;
      }
    }
    return one ? 1 : 0;
  };
  const literal = (/** @type {number} */ count) => {
    let read = 0;
    for (let i = 0; i < count; i++) read = read * 2 + bit();
    return read;
  };
  const optional = (/** @type {number} */ count) => {
    if (!literal(1)) return 0;
    const magnitude = literal(count);
    return literal(1) ? -magnitude : magnitude;
  };
  return { literal, optional };
}

module.exports = { webpFacts };

// @ts-check
'use strict';

const fs = require('node:fs');
const { toSystem } = require('./system-path');

/**
 * A picture's size from the first bytes of its file, without decoding it: which model of a family suits it, and whether
 * it is to be reduced, must be known before.
 *
 * @typedef {{ width: number, height: number }} Size upright, as EXIF's orientation says
 */

/** Enough for the EXIF and ICC segments that usually come before a JPEG's size. */
const HEADER_BYTES = 512 * 1024;

/**
 * @param {string} file
 * @returns {Promise<Size | undefined>} `undefined` if it cannot be told
 */
async function readSize(file) {
  try {
    const handle = await fs.promises.open(toSystem(file), 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
      return sizeOf(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/**
 * @param {Buffer} header
 * @returns {Size | undefined}
 */
function sizeOf(header) {
  const start = header.toString('latin1', 0, 16);
  const read = READERS.find(([magic]) => magic.test(start))?.[1];
  try {
    const size = read?.(header);
    return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
  } catch (error) {
    // The header ends early, or what it points to lies beyond what was read.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @type {[RegExp, (header: Buffer) => Size | undefined][]} */
const READERS = [
  [/^\x89PNG\r\n\x1a\n/, (header) => ({ width: header.readUInt32BE(16), height: header.readUInt32BE(20) })],
  [/^\xff\xd8\xff/, jpeg],
  [/^GIF8/, (header) => ({ width: header.readUInt16LE(6), height: header.readUInt16LE(8) })],
  [/^RIFF[^]{4}WEBP/, webp],
  [/^(II\*\0|MM\0\*)/, (header) => tiff(header, 0)],
  [/^BM/, bmp],
];

/** @param {Buffer} header ITU T.81, B.1: segments, each with its length, until the frame header */
function jpeg(header) {
  let turned = false;
  for (let at = 2; ;) {
    while (header.readUInt8(at + 1) === 0xff) at++;
    const marker = header.readUInt8(at + 1);
    const length = header.readUInt16BE(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      const size = { width: header.readUInt16BE(at + 7), height: header.readUInt16BE(at + 5) };
      return turned ? { width: size.height, height: size.width } : size;
    }
    if (marker === 0xe1 && header.toString('latin1', at + 4, at + 10) === 'Exif\0\0') {
      turned = isTurned(header.subarray(at + 10, at + 2 + length));
    }
    at += 2 + length;
  }
}

/** @param {Buffer} exif a TIFF structure; broken ones are as good as none */
function isTurned(exif) {
  try {
    return (firstDirectory(exif, 0).get(ORIENTATION) ?? 1) >= 5;
  } catch {
    return false;
  }
}

const IMAGE_WIDTH = 0x100;
const IMAGE_LENGTH = 0x101;
const ORIENTATION = 0x112;
const SHORT = 3;

/**
 * @param {Buffer} data
 * @param {number} start where the structure begins
 * @returns {Map<number, number>} tag to value, of the values that fit where they are
 */
function firstDirectory(data, start) {
  const little = data.toString('latin1', start, start + 2) === 'II';
  const u16 = (/** @type {number} */ at) => (little ? data.readUInt16LE(at) : data.readUInt16BE(at));
  const u32 = (/** @type {number} */ at) => (little ? data.readUInt32LE(at) : data.readUInt32BE(at));
  const directory = start + u32(start + 4);
  const values = new Map();
  for (let i = 0; i < u16(directory); i++) {
    const entry = directory + 2 + 12 * i;
    values.set(u16(entry), u16(entry + 2) === SHORT ? u16(entry + 8) : u32(entry + 8));
  }
  return values;
}

/**
 * @param {Buffer} header
 * @param {number} start
 */
function tiff(header, start) {
  const values = firstDirectory(header, start);
  const [width, height] = [values.get(IMAGE_WIDTH) ?? 0, values.get(IMAGE_LENGTH) ?? 0];
  return (values.get(ORIENTATION) ?? 1) >= 5 ? { width: height, height: width } : { width, height };
}

/** @param {Buffer} header RFC 9649; the EXIF of an extended file comes after its pixels and is not looked for */
function webp(header) {
  switch (header.toString('latin1', 12, 16)) {
    case 'VP8X':
      return { width: 1 + header.readUIntLE(24, 3), height: 1 + header.readUIntLE(27, 3) };
    case 'VP8L': {
      const bits = header.readUInt32LE(21);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    case 'VP8 ':
      return { width: header.readUInt16LE(26) & 0x3fff, height: header.readUInt16LE(28) & 0x3fff };
  }
}

/** @param {Buffer} header a height below zero means rows from the top */
function bmp(header) {
  if (header.readUInt32LE(14) === 12)
    return { width: header.readUInt16LE(18), height: header.readUInt16LE(20) };
  return { width: Math.abs(header.readInt32LE(18)), height: Math.abs(header.readInt32LE(22)) };
}

module.exports = { readSize, sizeOf };

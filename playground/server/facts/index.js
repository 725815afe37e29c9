// @ts-check
'use strict';

const { jpegFacts } = require('./jpeg');
const { pngFacts } = require('./png');
const { tiffFacts } = require('./tiff');
const { webpFacts } = require('./webp');

/**
 * What a picture's file says of itself, as far as its headers can be read. Nothing here decides anything: the library
 * decodes the picture, and its word counts where the two differ.
 *
 * @typedef {{
 *   format: string,
 *   bytes: number,
 *   quality?: number,
 *   lossless?: boolean,
 *   progressive?: boolean,
 *   depth?: number,
 *   colour?: string,
 *   profile?: string,
 *   orientation?: number,
 *   subsampling?: string,
 *   frames?: number,
 * }} Facts
 */

/** @type {[string, (file: Buffer) => boolean, (file: Buffer) => Partial<Facts>][]} */
const FORMATS = [
  ['JPEG', (file) => file.readUInt16BE(0) === 0xffd8, jpegFacts],
  ['PNG', (file) => file.readUInt32BE(0) === 0x89504e47, pngFacts],
  ['WebP', (file) => text(file, 0, 4) === 'RIFF' && text(file, 8, 12) === 'WEBP', webpFacts],
  ['TIFF', (file) => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(text(file, 0, 4)), tiffFacts],
  ['GIF', (file) => text(file, 0, 3) === 'GIF', () => ({ depth: 8, colour: 'palette' })],
  ['BMP', (file) => text(file, 0, 2) === 'BM', () => ({})],
  ['AVIF', (file) => ['ftypavif', 'ftypavis'].includes(text(file, 4, 12)), () => ({})],
  ['HEIC', (file) => /^ftyp(hei|hev|mif)/.test(text(file, 4, 12)), () => ({})],
  ['JPEG XL', (file) => file.readUInt16BE(0) === 0xff0a || text(file, 4, 8) === 'JXL ', () => ({})],
];

/**
 * @param {Buffer} file
 * @returns {Facts}
 */
function factsOf(file) {
  const bytes = file.length;
  if (bytes < 16) return { format: 'unknown', bytes };
  const [format, , read] = FORMATS.find(([, is]) => is(file)) ?? ['unknown', undefined, () => ({})];
  try {
    return { format, bytes, ...read(file) };
  } catch (error) {
    // Headers that end early or point outside: the rest of what they say is not known.
    if (error instanceof RangeError) return { format, bytes };
    throw error;
  }
}

/**
 * @param {Buffer} file
 * @param {number} start
 * @param {number} end
 */
function text(file, start, end) {
  return file.toString('latin1', start, end);
}

module.exports = { factsOf };

// @ts-check
'use strict';

const { inflateSync } = require('node:zlib');
const { orientationOf } = require('./exif');
const { profileName } = require('./icc');

/** Colour types of the PNG specification, 11.2.1. */
const COLOURS = ['grey', undefined, 'colour', 'palette', 'grey, alpha', undefined, 'colour, alpha'];

/** Profiles are a few kilobytes; one that unpacks to more is not read. */
const PROFILE_BYTES = 8 << 20;

/**
 * @param {Buffer} file
 * @returns {Partial<import('./index').Facts>}
 */
function pngFacts(file) {
  /** @type {Partial<import('./index').Facts>} */
  const facts = { lossless: true };
  for (let at = 8; at + 8 <= file.length;) {
    const [length, kind] = [file.readUInt32BE(at), file.toString('latin1', at + 4, at + 8)];
    const data = file.subarray(at + 8, at + 8 + length);
    if (kind === 'IHDR') {
      facts.depth = data[8];
      facts.colour = COLOURS[data[9]];
      facts.progressive = data[12] === 1;
    } else if (kind === 'tRNS' && !facts.colour?.endsWith('alpha')) facts.colour += ', alpha';
    else if (kind === 'iCCP') facts.profile = profile(data);
    else if (kind === 'eXIf') facts.orientation = orientationOf(data);
    else if (kind === 'acTL') facts.frames = data.readUInt32BE(0);
    else if (kind === 'IDAT') break;
    at += 12 + length;
  }
  return facts;
}

/** @param {Buffer} data name, 0, method, then the packed profile */
function profile(data) {
  const name = data.indexOf(0);
  try {
    return profileName(inflateSync(data.subarray(name + 2), { maxOutputLength: PROFILE_BYTES }));
  } catch {
    return data.toString('latin1', 0, name);
  }
}

module.exports = { pngFacts };

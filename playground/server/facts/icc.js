// @ts-check
'use strict';

/** Where an ICC profile's table of tags starts, and the length of an entry (ICC.1:2022, 7.2 and 7.3). */
const TAGS = 128;
const ENTRY = 12;

/**
 * What a colour profile calls itself, such as "Display P3".
 *
 * @param {Buffer} profile
 * @returns {string}
 */
function profileName(profile) {
  const fallback = `${profile.toString('latin1', 16, 20).trim()} profile`;
  const count = Math.min(profile.readUInt32BE(TAGS), 100);
  for (let at = TAGS + 4; at < TAGS + 4 + count * ENTRY; at += ENTRY) {
    if (profile.toString('latin1', at, at + 4) !== 'desc') continue;
    const tag = profile.subarray(profile.readUInt32BE(at + 4));
    return (description(tag) || fallback).slice(0, 80);
  }
  return fallback;
}

/** @param {Buffer} tag a multiLocalizedUnicodeType or, in profiles of version 2, a textDescriptionType */
function description(tag) {
  const type = tag.toString('latin1', 0, 4);
  if (type === 'desc') return tag.toString('latin1', 12, 12 + tag.readUInt32BE(8) - 1);
  if (type !== 'mluc') return undefined;
  const [length, offset] = [tag.readUInt32BE(20), tag.readUInt32BE(24)];
  return Buffer.from(tag.subarray(offset, offset + (length & ~1)))
    .swap16()
    .toString('utf16le');
}

module.exports = { profileName };

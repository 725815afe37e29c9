// @ts-check
'use strict';

const ORIENTATION = 0x0112;

/**
 * The orientation, 1 to 8, in a TIFF structure as EXIF has it (CIPA DC-008, 4.6).
 *
 * @param {Buffer} tiff from its byte order mark on
 * @returns {number | undefined}
 */
function orientationOf(tiff) {
  const { directory, values } = openTiff(tiff);
  const value = values(directory)[ORIENTATION]?.[0];
  return value !== undefined && value >= 1 && value <= 8 ? value : undefined;
}

/**
 * Reads the 16- and 32-bit values of a classic TIFF directory.
 *
 * @param {Buffer} tiff
 */
function openTiff(tiff) {
  const little = tiff.toString('latin1', 0, 2) === 'II';
  const u16 = (/** @type {number} */ at) => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (/** @type {number} */ at) => (little ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  /** @param {number} directory */
  const values = (directory) => {
    /** @type {Record<number, number[]>} */
    const found = {};
    const count = Math.min(u16(directory), 512);
    for (let entry = directory + 2; entry < directory + 2 + count * 12; entry += 12) {
      const [tag, type, length] = [u16(entry), u16(entry + 2), u32(entry + 4)];
      const size = type === 3 ? 2 : 4;
      if (type !== 3 && type !== 4 && type !== 7) continue;
      const at = type === 7 || length * size > 4 ? u32(entry + 8) : entry + 8;
      found[tag] =
        type === 7
          ? [at, length]
          : Array.from({ length: Math.min(length, 8) }, (_, i) =>
              size === 2 ? u16(at + i * 2) : u32(at + i * 4),
            );
    }
    return found;
  };
  return { directory: u32(4), values };
}

module.exports = { openTiff, orientationOf };

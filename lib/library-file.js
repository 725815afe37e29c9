// @ts-check
'use strict';

const fs = require('node:fs');

/**
 * Whether the file of a library is all there. The loader of Linux maps a file that was cut off without complaint, and the
 * process dies of SIGBUS when something beyond its end is read; those of macOS and Windows refuse it.
 */

/** Of the header of an ELF file of 64 bits: where its table of sections is, which linkers write last. */
const HEADER = 64;
const MAGIC = Buffer.from('\x7fELF\x02\x01', 'latin1');

/**
 * @param {string} file
 * @throws an Error that tells what is missing; what the system says if the file cannot be read
 */
function assertWhole(file) {
  const descriptor = fs.openSync(file, 'r');
  try {
    const header = Buffer.alloc(HEADER);
    const read = fs.readSync(descriptor, header, 0, HEADER, 0);
    const { size } = fs.fstatSync(descriptor);
    const isElf = header.subarray(0, MAGIC.length).equals(MAGIC);
    const expected = isElf && read === HEADER ? endOfSections(header) : read === 0 ? 1 : 0;
    if (size < expected) {
      throw new Error(
        `Expected ${file} to have ${expected} bytes but found ${size}: it was cut off, install it again`,
      );
    }
  } finally {
    fs.closeSync(descriptor);
  }
}

/** @param {Buffer} header */
function endOfSections(header) {
  const start = Number(header.readBigUInt64LE(0x28));
  return start + header.readUInt16LE(0x3a) * header.readUInt16LE(0x3c);
}

module.exports = { assertWhole };

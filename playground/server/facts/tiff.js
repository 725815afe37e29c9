// @ts-check
'use strict';

const { openTiff } = require('./exif');
const { profileName } = require('./icc');

/** Tags and their values, TIFF 6.0 and the ICC specification's annex B. */
const BITS = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const ORIENTATION = 274;
const PROFILE = 34675;
const COLOURS = ['grey', 'grey', 'colour', 'palette', undefined, 'CMYK', 'colour', undefined, 'Lab'];
const JPEG = [6, 7];

/**
 * @param {Buffer} file
 * @returns {Partial<import('./index').Facts>}
 */
function tiffFacts(file) {
  if (file[2] === 43 || file[3] === 43) return {};
  const { directory, values } = openTiff(file);
  const tags = values(directory);
  const [at, length] = tags[PROFILE] ?? [];
  return {
    depth: tags[BITS]?.[0],
    colour: COLOURS[tags[PHOTOMETRIC]?.[0]],
    orientation: tags[ORIENTATION]?.[0],
    lossless: !JPEG.includes(tags[COMPRESSION]?.[0]),
    ...(length > 132 && { profile: profileName(file.subarray(at, at + length)) }),
  };
}

module.exports = { tiffFacts };

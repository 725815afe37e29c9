// @ts-check
'use strict';

/**
 * The largest pictures: sharp's limits, which are more than a server allows its clients. These pictures are one's own.
 */

const MAX_PIXELS = 0x3fff ** 2;

const LIMITS = {
  limitInputPixels: MAX_PIXELS,
  limitOutputPixels: 4 * MAX_PIXELS,
  limitInputBytes: 4 * 2 ** 30,
};

module.exports = { LIMITS };

'use strict';

const { createHash } = require('node:crypto');

/** @param {number} side of raw pixels, no two alike */
function picture(side) {
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
  return { data, width: side, height: side, channels: 3 };
}

/** @param {import('../../../index.js')} upscaler @returns {Promise<string>} what it makes of a picture, as a hash */
async function sum(upscaler) {
  const { data } = await upscaler.upscale(picture(70), { output: 'raw' });
  return createHash('sha256').update(data).digest('hex');
}

module.exports = { picture, sum };

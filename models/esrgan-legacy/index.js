'use strict';

module.exports = {
  'gans-4x': require('./gans-4x.js'),
  'psnr-small-2x': require('./psnr-small-2x.js'),
  'div2k-2x': require('./div2k-2x.js'),
  'div2k-3x': require('./div2k-3x.js'),
  'div2k-4x': require('./div2k-4x.js'),
};

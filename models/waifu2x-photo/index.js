'use strict';

module.exports = {
  'denoise-2x-1': require('./denoise-2x-1.js'),
  'denoise-2x-0': require('./denoise-2x-0.js'),
  'denoise-2x-2': require('./denoise-2x-2.js'),
  'denoise-2x-3': require('./denoise-2x-3.js'),
  'denoise-2x-none': require('./denoise-2x-none.js'),
};

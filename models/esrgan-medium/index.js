'use strict';

module.exports = {
  '2x': require('./2x.js'),
  '3x': require('./3x.js'),
  '4x': require('./4x.js'),
  '8x': require('./8x.js'),
};

'use strict';

module.exports = {
  '2x': require('./2x.js'),
  '4x': require('./4x.js'),
};

'use strict';

module.exports = {
  'photo-4x': require('./photo-4x.js'),
  'illustration-2x': require('./illustration-2x.js'),
  'illustration-3x': require('./illustration-3x.js'),
  'illustration-4x': require('./illustration-4x.js'),
};

'use strict';

module.exports = {
  'photo-hq-4x': require('./photo-hq-4x.js'),
  'illustration-hq-4x': require('./illustration-hq-4x.js'),
};

'use strict';

module.exports = {
  '2x': require('./2x.js'),
};

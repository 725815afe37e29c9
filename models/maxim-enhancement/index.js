'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', 'model.json'),
  modelType: 'graph',
  scale: 1,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  divisibilityFactor: 64,
  sha256: 'd0150fadab1265d67b17429bede1435f87b507d314498a50ba7afd29323400d2',
  meta: {
    id: 'maxim-enhancement',
    architecture: 'maxim',
    size: 'large',
    dataset: 'lol',
    stages: 2,
    license: 'Apache-2.0',
  },
  _internals: { name: '@upscaler-node/maxim-enhancement', version: '0.1.0', path: 'dist/model.json' },
};

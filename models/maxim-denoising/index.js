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
  sha256: 'fe4ecb64c5d53887192a4bdf1a5625c73c3d10a0bca1be37e262dce13e3d1d82',
  meta: {
    id: 'maxim-denoising',
    architecture: 'maxim',
    size: 'large',
    dataset: 'sidd',
    stages: 3,
    license: 'Apache-2.0',
  },
  _internals: { name: '@upscaler-node/maxim-denoising', version: '0.1.0', path: 'dist/model.json' },
};

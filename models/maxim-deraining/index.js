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
  sha256: '3429742045193e3b92df99405a714b625f1ea3c9d7d7f7a00af953f0c0cc3ae4',
  meta: {
    id: 'maxim-deraining',
    architecture: 'maxim',
    size: 'large',
    dataset: 'rain13k',
    stages: 2,
    license: 'Apache-2.0',
  },
  _internals: { name: '@upscaler-node/maxim-deraining', version: '0.1.0', path: 'dist/model.json' },
};

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
  sha256: '8a06e5d7bcc169b263d28d79a92c6b659cd4b0958b0b10aba5137ab9082dc45e',
  meta: {
    id: 'maxim-dehazing-indoor',
    architecture: 'maxim',
    size: 'large',
    dataset: 'reside-indoor',
    stages: 2,
    license: 'Apache-2.0',
  },
  _internals: { name: '@upscaler-node/maxim-dehazing-indoor', version: '0.1.0', path: 'dist/model.json' },
};

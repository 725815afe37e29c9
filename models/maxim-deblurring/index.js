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
  sha256: 'e3be2ad22d762ddbed3d5b6a648184f2572545c62b0522c11f14c3632214b738',
  meta: {
    id: 'maxim-deblurring',
    architecture: 'maxim',
    size: 'large',
    dataset: 'gopro',
    stages: 3,
    license: 'Apache-2.0',
  },
  _internals: { name: '@upscaler-node/maxim-deblurring', version: '0.1.0', path: 'dist/model.json' },
};

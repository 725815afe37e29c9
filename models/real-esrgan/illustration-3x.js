'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'illustration-3x.onnx'),
  scale: 3,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'd26c5b5ede18e5c9c340b69797e6d517ce69ed24c40b7dd9d5ea6e7101cb1d98',
  meta: {
    id: 'illustration-3x',
    architecture: 'srvgg-compact',
    size: 'medium',
    dataset: 'unstated',
    features: 64,
    convolutions: 16,
    activation: 'prelu',
    license: 'BSD-3-Clause',
  },
  _internals: { name: '@upscaler-node/real-esrgan', version: '0.1.0', path: 'illustration-3x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'photo-4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'ebe5369fedd5a90c94c182d5abc5ce1a80fec3913359b494e68b1a1f4170d3b4',
  meta: {
    id: 'photo-4x',
    architecture: 'srvgg-compact',
    size: 'medium',
    dataset: 'unstated',
    features: 64,
    convolutions: 32,
    activation: 'prelu',
    license: 'BSD-3-Clause',
  },
  _internals: { name: '@upscaler-node/real-esrgan', version: '0.1.0', path: 'photo-4x.onnx' },
};

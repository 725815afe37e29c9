'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', 'illustration-hq-4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '16a61497b4585986e6766e6f9c9095de564699770831ae2093140efaad944748',
  meta: {
    id: 'illustration-hq-4x',
    architecture: 'rrdb',
    size: 'large',
    dataset: 'unstated',
    features: 64,
    growth: 32,
    blocks: 6,
    license: 'BSD-3-Clause',
  },
  _internals: {
    name: '@upscaler-node/real-esrgan-plus',
    version: '0.1.0',
    path: 'dist/illustration-hq-4x.onnx',
  },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', 'photo-hq-4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '6924b8ae59040f697bfaeec48527c22302a0216fbd20e12f1289af1654bee95b',
  meta: {
    id: 'photo-hq-4x',
    architecture: 'rrdb',
    size: 'large',
    dataset: 'df2k-ost',
    features: 64,
    growth: 32,
    blocks: 23,
    license: 'BSD-3-Clause',
  },
  _internals: { name: '@upscaler-node/real-esrgan-plus', version: '0.1.0', path: 'dist/photo-hq-4x.onnx' },
};

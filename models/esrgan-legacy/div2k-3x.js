'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', 'div2k-3x.onnx'),
  scale: 3,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: '71c2c914834d5a8f95e014c4205bb82d85b2a3f75822449e8e9577188fc15a4a',
  meta: {
    id: 'div2k-3x',
    architecture: 'rdn',
    size: 'medium',
    dataset: 'div2k',
    C: 3,
    D: 10,
    G: 64,
    G0: 64,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-legacy', version: '0.1.0', path: 'dist/div2k-3x.onnx' },
};

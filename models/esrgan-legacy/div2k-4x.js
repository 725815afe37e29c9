'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', 'div2k-4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: '28d0f60006270b86763de54623ab504ff7c9e611fe998b78391510e23d466546',
  meta: {
    id: 'div2k-4x',
    architecture: 'rdn',
    size: 'medium',
    dataset: 'div2k',
    C: 3,
    D: 10,
    G: 64,
    G0: 64,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-legacy', version: '0.1.0', path: 'dist/div2k-4x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '8x.onnx'),
  scale: 8,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: 'b9ab4b78a98b6aaa9177d4b13212f0b04bbd13c3b8c24035120ffed30564a948',
  meta: {
    id: 'esrgan-medium-8x',
    architecture: 'rdn',
    size: 'medium',
    dataset: 'div2k',
    C: 1,
    D: 10,
    G: 64,
    G0: 64,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-medium', version: '0.1.0', path: 'dist/8x.onnx' },
};

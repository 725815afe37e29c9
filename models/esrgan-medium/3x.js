'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '3x.onnx'),
  scale: 3,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: 'f3defdde04a501d9b4a07d6cc4966c13e46fff38f004a75728b0eff2d9fa7c82',
  meta: {
    id: 'esrgan-medium-3x',
    architecture: 'rdn',
    size: 'medium',
    dataset: 'div2k',
    C: 1,
    D: 10,
    G: 64,
    G0: 64,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-medium', version: '0.1.0', path: 'dist/3x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: '6fee2aafaad847651d9a73f12c8d368720cebef79b97a4591e5a4534da9cbb95',
  meta: {
    id: 'esrgan-medium-4x',
    architecture: 'rdn',
    size: 'medium',
    dataset: 'div2k',
    C: 1,
    D: 10,
    G: 64,
    G0: 64,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-medium', version: '0.1.0', path: 'dist/4x.onnx' },
};

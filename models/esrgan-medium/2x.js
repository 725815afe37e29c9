'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: '11b6e85c21ee1cc483ea37ff5114ccf28a0d08fb2d32f86d4e8f7f7315949af1',
  meta: {
    id: 'esrgan-medium-2x',
    architecture: 'rdn',
    size: 'medium',
    dataset: 'div2k',
    C: 1,
    D: 10,
    G: 64,
    G0: 64,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-medium', version: '0.1.0', path: 'dist/2x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '3x.onnx'),
  scale: 3,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: '2f2d5969043b5e5454c82b4d50dc54d9e9a4d672cacc1d599230a7ff3c2034e9',
  meta: {
    id: 'esrgan-slim-3x',
    architecture: 'rdn',
    size: 'small',
    dataset: 'div2k',
    C: 1,
    D: 2,
    G: 4,
    G0: 64,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-slim', version: '0.1.0', path: 'dist/3x.onnx' },
};

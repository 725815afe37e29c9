'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '8x.onnx'),
  scale: 8,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '556984aa489da71686ac889e0c50110a390b3be511779b6fc03903c072bdf811',
  meta: {
    id: 'esrgan-thick-8x',
    architecture: 'rrdn',
    size: 'large',
    dataset: 'div2k',
    C: 4,
    D: 3,
    G: 32,
    G0: 64,
    T: 10,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-thick', version: '0.1.0', path: 'dist/8x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '467a1d0d59818874a16cdb1c83b4da5b7c1095c92479838c4ab0666e15a1b6be',
  meta: {
    id: 'esrgan-thick-4x',
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
  _internals: { name: '@upscaler-node/esrgan-thick', version: '0.1.0', path: 'dist/4x.onnx' },
};

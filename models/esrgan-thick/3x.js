'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '3x.onnx'),
  scale: 3,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '359bcf8493b71e8a6f1c1ab61d74d95135e022824a6e052552f828ddef7824bd',
  meta: {
    id: 'esrgan-thick-3x',
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
  _internals: { name: '@upscaler-node/esrgan-thick', version: '0.1.0', path: 'dist/3x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', 'gans-4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'f5645b3af3c9a35ebd4e25b1fad173da153a11082dd286bf9d8f1787821b6c17',
  meta: {
    id: 'gans-4x',
    architecture: 'rrdn',
    size: 'large',
    dataset: 'div2k',
    C: 4,
    D: 3,
    G: 32,
    G0: 32,
    T: 10,
    license: 'Apache-2.0',
  },
  _internals: { name: '@upscaler-node/esrgan-legacy', version: '0.1.0', path: 'dist/gans-4x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '90f789776c51be3c498199a48dbc412eb2def37da33fc91e1c71d06444b1c24d',
  meta: {
    id: 'esrgan-thick-2x',
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
  _internals: { name: '@upscaler-node/esrgan-thick', version: '0.1.0', path: 'dist/2x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', 'div2k-2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: '821103ded4875d76784fe13e1b1b4f4785282ed6de1806c0302d3112c4deae62',
  meta: {
    id: 'div2k-2x',
    architecture: 'rdn',
    size: 'medium',
    dataset: 'div2k',
    C: 3,
    D: 10,
    G: 64,
    G0: 64,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-legacy', version: '0.1.0', path: 'dist/div2k-2x.onnx' },
};

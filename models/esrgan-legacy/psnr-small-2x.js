'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', 'psnr-small-2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: '2fbc2365b0262c3a6f7ce934ab788a231f1d1738c9a3d22e4a81d3f44bd4cbb8',
  meta: {
    id: 'psnr-small-2x',
    architecture: 'rdn',
    size: 'medium',
    dataset: 'div2k',
    C: 3,
    D: 10,
    G: 64,
    G0: 64,
    license: 'Apache-2.0',
  },
  _internals: { name: '@upscaler-node/esrgan-legacy', version: '0.1.0', path: 'dist/psnr-small-2x.onnx' },
};

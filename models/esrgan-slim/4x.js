'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: '46eef2c44d7f4c7515ac7d900a23386aabd5016f6735e70183bedbf7defe552f',
  meta: {
    id: 'esrgan-slim-4x',
    architecture: 'rdn',
    size: 'small',
    dataset: 'div2k',
    C: 1,
    D: 2,
    G: 4,
    G0: 64,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-slim', version: '0.1.0', path: 'dist/4x.onnx' },
};

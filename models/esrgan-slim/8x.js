'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '8x.onnx'),
  scale: 8,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: 'ab38dc9bcabc1d318dfaa05ad660a9c1dd4ccd89619ced92473a824543dd6e6f',
  meta: {
    id: 'esrgan-slim-8x',
    architecture: 'rdn',
    size: 'small',
    dataset: 'div2k',
    C: 1,
    D: 2,
    G: 4,
    G0: 64,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-slim', version: '0.1.0', path: 'dist/8x.onnx' },
};

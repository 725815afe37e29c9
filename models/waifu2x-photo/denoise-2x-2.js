'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'denoise-2x-2.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '80825dff55f2a27d8accde4081e9d1ffe5e2719f1af2fdc16c05edf990a7c986',
  meta: {
    id: 'denoise-2x-2',
    architecture: 'upconv-7',
    size: 'small',
    dataset: 'kou-ukbench',
    convolutions: 7,
    activation: 'leaky-relu-0.1',
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/waifu2x-photo', version: '0.1.0', path: 'denoise-2x-2.onnx' },
};

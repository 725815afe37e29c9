'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'denoise-2x-1.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '19a0efdca07da53e6b615a4e90b6717ff9cb42693d700ed094f798ecfcd3abe0',
  meta: {
    id: 'denoise-2x-1',
    architecture: 'upconv-7',
    size: 'small',
    dataset: 'kou-ukbench',
    convolutions: 7,
    activation: 'leaky-relu-0.1',
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/waifu2x-photo', version: '0.1.0', path: 'denoise-2x-1.onnx' },
};

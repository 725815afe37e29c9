'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'denoise-2x-0.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'b61b5e07e46731beb0914380a610f1507f0d9ad3a4601581a21faf56aee67efa',
  meta: {
    id: 'denoise-2x-0',
    architecture: 'upconv-7',
    size: 'small',
    dataset: 'kou-ukbench',
    convolutions: 7,
    activation: 'leaky-relu-0.1',
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/waifu2x-photo', version: '0.1.0', path: 'denoise-2x-0.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'denoise-2x-none.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'ec46acd75f98b44fab5cbf75671d7010bd01e027cb1fc582de27b6bc96e8b135',
  meta: {
    id: 'denoise-2x-none',
    architecture: 'upconv-7',
    size: 'small',
    dataset: 'kou-ukbench',
    convolutions: 7,
    activation: 'leaky-relu-0.1',
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/waifu2x-photo', version: '0.1.0', path: 'denoise-2x-none.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'denoise-2x-3.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '13ae22aaa65539eafd94dcbabc6f310b6c65a80c2703aab20bb73fd89c828e21',
  meta: {
    id: 'denoise-2x-3',
    architecture: 'upconv-7',
    size: 'small',
    dataset: 'kou-ukbench',
    convolutions: 7,
    activation: 'leaky-relu-0.1',
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/waifu2x-photo', version: '0.1.0', path: 'denoise-2x-3.onnx' },
};

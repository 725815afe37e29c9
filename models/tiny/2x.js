'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'fa9c386f6db3fe98d44f319284a9e88f15801239f4e6f2a07a7e03ca7d474550',
  meta: {
    id: 'tiny-2x',
    architecture: 'plain',
    size: 'small',
    dataset: 'free-pictures',
    channels: 32,
    layers: 4,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/tiny', version: '0.1.0', path: '2x.onnx' },
};

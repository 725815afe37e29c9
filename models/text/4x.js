'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'fd14d6f4d01d04e3fa1b738d0b3f53bfc94502a49b5eb0d2f133fb310b880ecf',
  meta: {
    id: 'text-4x',
    architecture: 'plain',
    size: 'small',
    dataset: 'free-text',
    channels: 32,
    layers: 12,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/text', version: '0.1.0', path: '4x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '294d15a1ffed946528a7d6b4c62c1cfa56fc621a4d4798cfe9b4c88a778f3c5f',
  meta: {
    id: 'text-2x',
    architecture: 'plain',
    size: 'small',
    dataset: 'free-text',
    channels: 32,
    layers: 12,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/text', version: '0.1.0', path: '2x.onnx' },
};

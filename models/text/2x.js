'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'b889ec398b04dc7c9447bed267113276d69324e26dea385d4141dc98af6f138a',
  meta: {
    id: 'text-2x',
    architecture: 'plain',
    size: 'small',
    dataset: 'free-text',
    channels: 32,
    layers: 8,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/text', version: '0.1.0', path: '2x.onnx' },
};

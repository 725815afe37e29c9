'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '7092fc65bb1e7d2ab7633b3e5eba037673c721564cb215ac1a568b24e0b7cc57',
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

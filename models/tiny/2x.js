'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'e72e1a73fe49bdb416b5b16acf4a2693af4e81cb8a2d31eb4cea8612f70abb10',
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

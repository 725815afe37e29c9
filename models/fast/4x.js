'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '906a775e9379824225235d416a06f11a2ae733d1165b7d50e75a946845913666',
  meta: {
    id: 'fast-4x',
    architecture: 'plain',
    size: 'small',
    dataset: 'free-pictures',
    channels: 32,
    layers: 8,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/fast', version: '0.1.0', path: '4x.onnx' },
};

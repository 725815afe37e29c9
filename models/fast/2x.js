'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '6fa9a5fc015f6dd496941338cb2545616efa8b18005819964948abd6f32553b1',
  meta: {
    id: 'fast-2x',
    architecture: 'plain',
    size: 'small',
    dataset: 'free-pictures',
    channels: 32,
    layers: 9,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/fast', version: '0.1.0', path: '2x.onnx' },
};

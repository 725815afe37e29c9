'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'f946142ec8125604666188ac5641e6a8bb205e8885b5813cc498b590f21170a3',
  meta: {
    id: 'fast-2x',
    architecture: 'plain',
    size: 'small',
    dataset: 'free-pictures',
    channels: 32,
    layers: 8,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/fast', version: '0.1.0', path: '2x.onnx' },
};

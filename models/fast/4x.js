'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '72128a0297a928a188c56bfa54bdeac4ee5cdd60d20898a7ba8d7a50cff2b709',
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

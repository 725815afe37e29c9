'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 1,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '8bd2663447f373248970e9ae900958009f612d842b25cb4f92e9aee6533d338d',
  meta: {
    id: 'grey-2x',
    architecture: 'plain',
    size: 'small',
    dataset: 'free-pictures',
    channels: 32,
    layers: 13,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/grey', version: '0.1.0', path: '2x.onnx' },
};

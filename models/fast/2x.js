'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '30a7bca7c21d91730d3abeea0aa03849873d2c8bce69fb18ded230ff94b090d2',
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

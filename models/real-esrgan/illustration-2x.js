'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'illustration-2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'b2c1d794bd7232dde2db18dec1ce296504a51982c4ac62f222e8fb489d277990',
  meta: {
    id: 'illustration-2x',
    architecture: 'srvgg-compact',
    size: 'medium',
    dataset: 'unstated',
    features: 64,
    convolutions: 16,
    activation: 'prelu',
    license: 'BSD-3-Clause',
  },
  _internals: { name: '@upscaler-node/real-esrgan', version: '0.1.0', path: 'illustration-2x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'illustration-4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '3b54f60ea9d910d2ec69cf62e4b6372cdee350dabd2991700479d93d41db1484',
  meta: {
    id: 'illustration-4x',
    architecture: 'srvgg-compact',
    size: 'medium',
    dataset: 'unstated',
    features: 64,
    convolutions: 16,
    activation: 'prelu',
    license: 'BSD-3-Clause',
  },
  _internals: { name: '@upscaler-node/real-esrgan', version: '0.1.0', path: 'illustration-4x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '963ae3b49128721b35e99afb7b8b8ca7af33c99a62434f1ec902668e9c9742b0',
  meta: {
    id: 'span-4x',
    architecture: 'span',
    size: 'small',
    dataset: 'unstated',
    featureChannels: 48,
    blocks: 6,
    license: 'Apache-2.0',
  },
  _internals: { name: '@upscaler-node/span', version: '0.1.0', path: '4x.onnx' },
};

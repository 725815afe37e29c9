'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '9c7465faa2a608a5c3812f48d7c83dac81a4d9e656718ff30f1b324eb49eb743',
  meta: {
    id: 'span-2x',
    architecture: 'span',
    size: 'small',
    dataset: 'unstated',
    featureChannels: 48,
    blocks: 6,
    license: 'Apache-2.0',
  },
  _internals: { name: '@upscaler-node/span', version: '0.1.0', path: '2x.onnx' },
};

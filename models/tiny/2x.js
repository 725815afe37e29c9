'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '3fdc95fb7f9d15a501aedbb4ccc80d2ea4a6fe25d156f320b9d0c4dff8edfdac',
  meta: {
    id: 'tiny-2x',
    architecture: 'plain',
    size: 'small',
    dataset: 'free-pictures',
    channels: 32,
    layers: 4,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/tiny', version: '0.1.0', path: '2x.onnx' },
};

'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '4x.onnx'),
  scale: 4,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: 'f2c5156343c369489082fb4eb3eca285dc604dbc36247e2253cbcc92ebba3eec',
  meta: {
    id: 'text-4x',
    architecture: 'plain',
    size: 'small',
    dataset: 'free-text',
    channels: 32,
    layers: 16,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/text', version: '0.1.0', path: '4x.onnx' },
};

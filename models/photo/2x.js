'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 1],
  outputRange: [0, 1],
  sha256: '1fd1e9fc31e0b28d26ea84570f4130960aeea859a7d7443cb6fffc228e8cd194',
  meta: {
    id: 'photo-2x',
    architecture: 'span',
    size: 'small',
    dataset: 'free-pictures',
    featureChannels: 48,
    blocks: 6,
    license: 'Apache-2.0',
  },
  _internals: { name: '@upscaler-node/photo', version: '0.1.0', path: '2x.onnx' },
};

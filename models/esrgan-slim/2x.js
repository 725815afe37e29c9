'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, 'dist', '2x.onnx'),
  scale: 2,
  channels: 3,
  inputRange: [0, 255],
  outputRange: [0, 255],
  sha256: '755191fbd1e8fba4334fbc3d3db26136d382e49e6bd4a4b24fadf8462a1dff05',
  meta: {
    id: 'esrgan-slim-2x',
    architecture: 'rdn',
    size: 'small',
    dataset: 'div2k',
    C: 1,
    D: 2,
    G: 4,
    G0: 64,
    license: 'MIT',
  },
  _internals: { name: '@upscaler-node/esrgan-slim', version: '0.1.0', path: 'dist/2x.onnx' },
};

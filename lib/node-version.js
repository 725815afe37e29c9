// @ts-check
'use strict';

const { engines } = require('../package.json');

/**
 * Whether this Node is one of those that are supported. It is looked at before anything else is loaded, whose syntax an
 * older one may not know; so this file keeps to what every Node knows.
 *
 * @throws `ERR_UPSCALER_RUNTIME_LOAD`, no `UpscalerError` yet
 */
function assertSupported(version = process.versions.node) {
  const oldest = Number(engines.node.replace(/^>=/, ''));
  if (Number(version.split('.')[0]) >= oldest) return;
  const message =
    'Could not load upscaler-node: Node ' +
    version +
    ' is too old, ' +
    oldest +
    ' or newer is needed: nvm install 22, or the image node:22-slim';
  throw Object.assign(new Error(message), { code: 'ERR_UPSCALER_RUNTIME_LOAD' });
}

module.exports = { assertSupported };

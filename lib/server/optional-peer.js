// @ts-check
'use strict';

const { UpscalerError } = require('../errors');

/**
 * A package that a server installs only if it wants what the package is for. The calls of `require` are written out,
 * so that bundlers see them.
 *
 * @type {Record<string, () => unknown>}
 */
const PEERS = {
  busboy: () => require('busboy'),
  'prom-client': () => require('prom-client'),
  '@opentelemetry/api': () => require('@opentelemetry/api'),
};

/**
 * @param {keyof typeof PEERS} name
 * @param {string | false} [wantedBy] the option that needs it; without one it may be missing
 * @returns {any} the module, or `undefined` where it is not installed
 */
function optionalPeer(name, wantedBy = false) {
  try {
    return PEERS[name]();
  } catch (cause) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (cause);
    const missing = code === 'MODULE_NOT_FOUND' && message.includes(name);
    if (!missing) throw cause;
    if (!wantedBy) return undefined;
    throw new UpscalerError(
      'ERR_INVALID_ARG_VALUE',
      `Expected ${name} for ${wantedBy}: npm install ${name}`,
      {
        cause,
      },
    );
  }
}

module.exports = { optionalPeer };

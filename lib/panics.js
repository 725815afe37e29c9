// @ts-check
'use strict';

const { channel } = require('node:diagnostics_channel');
const { debuglog } = require('node:util');

/**
 * Faults of the addon, and of libraries in it, become errors of their calls. Where they happened is told to whoever wants to
 * know: on the diagnostics channel `upscaler-node.panic`, and on stderr with `NODE_DEBUG=upscaler`.
 */

const panics = channel('upscaler-node.panic');
const log = debuglog('upscaler');

/** @param {{ takePanics(): string[] }} native */
function tellPanics(native) {
  if (!log.enabled && !panics.hasSubscribers) return;
  for (const message of native.takePanics()) {
    log('%s', message);
    panics.publish({ message });
  }
}

module.exports = { tellPanics };

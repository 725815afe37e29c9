// @ts-check
'use strict';

const { camelCase } = require('../arguments/parse');
const { SERVE_OPTIONS } = require('../arguments/serve-options');
const { UsageError } = require('../arguments/usage-error');
const { holdUntilStopped } = require('../terminal/hold');

/**
 * `upscaler-node serve`: upscaling over HTTP. The service logs on standard output by itself.
 *
 * @param {import('../arguments/commands').Invocation} invocation
 */
async function run({ options, command }) {
  const { start } = require('../../lib/server/serve');
  const flags = Object.keys(SERVE_OPTIONS).map((name) => [name, options[camelCase(name)]]);
  try {
    const { close } = await start(Object.fromEntries(flags));
    return await holdUntilStopped(close);
  } catch (error) {
    const { code, message } = /** @type {Error & { code?: string }} */ (error);
    if (code === 'ERR_INVALID_ARG_VALUE' || code === 'ERR_INVALID_ARG_TYPE')
      throw new UsageError(message, command);
    throw error;
  }
}

module.exports = { run };

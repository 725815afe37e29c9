// @ts-check
'use strict';

const { holdUntilStopped } = require('../terminal/hold');
const { say } = require('../terminal/output');

/**
 * `upscaler-node serve`: upscaling over HTTP.
 *
 * @param {import('../arguments/commands').Invocation} invocation
 */
async function run({ options }) {
  const { start } = require('../../lib/server/serve.js');
  const { url, close } = await start(options);
  say(`Upscaling at ${url}\nCtrl-C ends it.`);
  return holdUntilStopped(close);
}

module.exports = { run };

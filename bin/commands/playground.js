// @ts-check
'use strict';

const { holdUntilStopped } = require('../terminal/hold');
const { say } = require('../terminal/output');

/**
 * `upscaler-node playground`: the page on which models are tried, on this machine only.
 *
 * @param {import('../arguments/commands').Invocation} invocation
 */
async function run({ options }) {
  const { start } = require('../../playground/server.js');
  const { url, close } = await start({ port: options.port, open: options.open });
  say(`The playground is at ${url}\nCtrl-C ends it.`);
  return holdUntilStopped(close);
}

module.exports = { run };

// @ts-check
'use strict';

const { openInBrowser } = require('../terminal/browser');
const { holdUntilStopped } = require('../terminal/hold');
const { say } = require('../terminal/output');

/**
 * `upscaler-node playground`: the page on which models are tried, on this machine only.
 *
 * @param {import('../arguments/commands').Invocation} invocation
 */
async function run({ options }) {
  const { start } = require('../../playground');
  const { url, close } = await start({ port: options.port });
  say(`The playground is at ${url}\nIt is for this machine only; Ctrl-C ends it.`);
  if (options.open) openInBrowser(url);
  return holdUntilStopped(close);
}

module.exports = { run };

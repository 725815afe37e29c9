// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { nearest } = require('../arguments/nearest');
const { UsageError } = require('../arguments/usage-error');
const { SHELLS } = require('../completion/complete');
const { print } = require('../terminal/output');

/**
 * `upscaler-node completion`: the script that a shell evaluates.
 *
 * @param {import('../arguments/commands').Invocation} invocation
 */
async function run({ operands: [shell], command }) {
  if (!SHELLS.includes(shell)) {
    const near = nearest(shell, SHELLS);
    const meant = near === undefined ? '' : `; did you mean ${near}?`;
    throw new UsageError(`completion is for ${SHELLS.join(', ')}, not for ${shell}${meant}`, command);
  }
  const script = path.join(__dirname, '..', 'completion', `upscaler-node.${shell}`);
  await print((await fs.promises.readFile(script, 'utf8')).trimEnd());
}

module.exports = { run };

// @ts-check
'use strict';

const { UsageError } = require('../arguments/usage-error');
const { writeNew } = require('../batch/write-new');
const { say } = require('../terminal/output');

/**
 * `upscaler-node convert`: any model that can be run, as a standard ONNX file.
 *
 * @param {import('../arguments/commands').Invocation} invocation
 */
async function run({ operands: [model], options, command }) {
  const { output, scale, storage, overwrite, quiet } = options;
  if (output === undefined) throw new UsageError('convert wants -o <file.onnx>', command);
  const { convertModel } = require('../../lib/convert');
  const onnx = await writeNew(output, { overwrite }, async () => convertModel(model, { scale, storage }));
  if (!quiet) say(`${output}: ${onnx.length} bytes`);
}

module.exports = { run };

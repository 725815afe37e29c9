// @ts-check
'use strict';

const path = require('node:path');
const { UsageError } = require('../arguments/usage-error');
const { writeNew } = require('../batch/write-new');
const { say } = require('../terminal/output');

/**
 * `upscaler-node quantize`: any model as a standard ONNX file that computes in 8-bit integers.
 *
 * @param {import('../arguments/commands').Invocation} invocation
 */
async function run({ operands: [model], options, command }) {
  const {
    calibrate,
    output = `${path.parse(model).name}.int8.onnx`,
    scale,
    storage,
    overwrite,
    quiet,
  } = options;
  if (calibrate === undefined)
    throw new UsageError('quantize wants --calibrate <folder of pictures>', command);
  const { quantizeModel } = require('../../lib/quantize');
  /** @type {Awaited<ReturnType<typeof quantizeModel>> | undefined} */
  let made;
  await writeNew(output, { overwrite }, async () => {
    made = await quantizeModel(model, calibrate, { scale, storage });
    return made.onnx;
  });
  if (!quiet && made !== undefined) say(`${output}: ${describe(made)}`);
}

/** @param {Awaited<ReturnType<typeof import('../../lib/quantize').quantizeModel>>} made */
function describe({ onnx, floatBytes, integerOperators, operators, psnr, comparedOn, calibratedOn }) {
  return (
    `${onnx.length} bytes (${floatBytes} in float32), ` +
    `${integerOperators} of ${operators} operators in int8; ` +
    `${psnr.toFixed(1)} dB against float32 on ${comparedOn} parts of the pictures (calibrated on ${calibratedOn} others)`
  );
}

module.exports = { run };

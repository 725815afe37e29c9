// @ts-check
'use strict';

const os = require('node:os');
const { UsageError } = require('../arguments/usage-error');
const { measure } = require('../bench/measure');
const { bytes, duration, short } = require('../terminal/figures');
const { print, say } = require('../terminal/output');
const { table } = require('../terminal/text');

/**
 * `upscaler-node bench`: how fast models are on this machine, each size in a process of its own, so that its memory is
 * its own.
 *
 * @typedef {import('../bench/measure').Measured} Measured
 */

const SIZES = [256, 512, 1024];
const RUNS = 5;
/** Pictures of more than this many pixels a side take longer than anybody waits. */
const LARGEST = 8192;

/** @param {import('../arguments/commands').Invocation} invocation */
async function run({ operands, options, command }) {
  const sizes = options.sizes === undefined ? SIZES : parseSizes(options.sizes, command);
  const { runs = RUNS, threads, precision, json } = options;
  const models = operands.length > 0 ? operands : ['span-2x'];
  /** @type {Measured[]} */
  const results = [];
  for (const subject of [...models, SHARP]) {
    for (const side of sizes) {
      if (!json && process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${subject}, ${side} x ${side} …`);
      const measured = await measure({ subject, side, runs, threads, precision });
      if (measured === undefined) break;
      results.push(measured);
      if (json) await print(JSON.stringify(measured));
      if (measured.error !== undefined) break;
    }
  }
  if (json) return exitCode(results);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
  await print(show(results));
  if (!results.some(({ subject }) => subject === SHARP))
    say('sharp is not installed here, so there is nothing to compare with.');
  return exitCode(results);
}

const SHARP = 'sharp';

/** @param {Measured[]} results */
function exitCode(results) {
  return results.some(({ error }) => error !== undefined) ? 1 : 0;
}

/** @param {Measured[]} results */
function show(results) {
  const failures = results
    .filter(({ error }) => error !== undefined)
    .map(({ subject, error }) => `${subject}: ${error}`);
  const rows = results
    .filter(({ error }) => error === undefined)
    .map(({ subject, side, scale = 0, ...figures }) => {
      const picture = `${side} x ${side}`;
      const { medianMs = 0, fastestMs = 0, peakBytes = 0, kernels = '' } = figures;
      const rate = (side * scale) ** 2 / 1e3 / medianMs;
      return [
        subject === SHARP ? `sharp resize ${scale}x` : subject,
        picture,
        duration(medianMs),
        duration(fastestMs),
        short(rate),
        bytes(peakBytes),
        kernels,
      ];
    });
  const head = ['', 'picture', 'median', 'fastest', 'MP/s', 'memory', 'kernels'];
  const machine = `${os.cpus()[0]?.model.trim()}, ${os.availableParallelism()} cores, Node ${process.version}`;
  const legend =
    'Pixels to pixels, without files. MP/s: of the result, by the median.\nmemory: the most that the process took.';
  return [machine, table([head, ...rows], [2, 3, 4, 5]), legend, ...failures].join('\n\n');
}

/**
 * @param {string} text
 * @param {string} command
 */
function parseSizes(text, command) {
  const sizes = text.split(',').map(Number);
  if (sizes.every((side) => Number.isInteger(side) && side >= 16 && side <= LARGEST)) return sizes;
  throw new UsageError(
    `--sizes wants sides in pixels from 16 to ${LARGEST}, such as 256,512, but was given ${text}`,
    command,
  );
}

module.exports = { run };

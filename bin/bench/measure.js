// @ts-check
'use strict';

const { fork } = require('node:child_process');
const path = require('node:path');

/**
 * @typedef {{ subject: string, side: number, runs: number, threads?: number, precision?: 'fp32' | 'int8' }} Task
 * @typedef {{
 *   subject: string,
 *   side: number,
 *   scale?: number,
 *   medianMs?: number,
 *   fastestMs?: number,
 *   peakBytes?: number,
 *   kernels?: string,
 *   error?: string,
 * }} Measured
 *
 * @param {Task} task
 * @returns {Promise<Measured | undefined>} `undefined` where the subject is not installed
 */
function measure(task) {
  const child = fork(path.join(__dirname, 'worker.js'), [JSON.stringify(task)]);
  return new Promise((resolve, reject) => {
    /** @type {Measured | null | undefined} */
    let told;
    child.once('message', (message) => (told = /** @type {Measured | null} */ (message)));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (told === null) return resolve(undefined);
      const { subject, side } = task;
      resolve(told ?? { subject, side, error: `the process ended with ${signal ?? `exit code ${code}`}` });
    });
  });
}

module.exports = { measure };

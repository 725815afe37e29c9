// @ts-check
'use strict';

const { performance } = require('node:perf_hooks');
const { parentPort, workerData } = require('node:worker_threads');
const { compare } = require('./metrics');
const { resize } = require('./resample');

/** The thread of a measurement: see measure.js. */

const { truth, border } = workerData;

parentPort?.on('message', (message) => parentPort?.postMessage(answer(message)));

/** @param {any} message */
function answer({ task, picture, width, height, filter }) {
  if (task === 'resize') return resize(picture, width, height, filter);
  if (task === 'compare') return compare(picture, truth, border);
  const start = performance.now();
  const result = resize(picture, truth.width, truth.height, filter);
  return { durationMs: performance.now() - start, ...compare(result, truth, border) };
}

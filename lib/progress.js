// @ts-check
'use strict';

const { toOutput } = require('./output');

/**
 * @typedef {import('./call').Call} Call
 * @typedef {import('./native').NativeProgress} NativeProgress
 * @typedef {import('./native').NativeRect} NativeRect
 * @typedef {import('./native').NativeTile} NativeTile
 * @typedef {import('./options').Output} Output
 */

/**
 * UpscalerJS makes slices only for callbacks that name them: picking them out and encoding them costs time.
 *
 * @param {Function | undefined} progress
 */
function wantsSlices(progress) {
  return progress !== undefined && progress.length > 1;
}

/**
 * The addon's progress reports as calls of the user's function: none after the call has settled, and an error that
 * it throws (or a promise of it that rejects) ends the call instead of the process.
 *
 * @param {Function} progress
 * @param {Output} output form of the slices
 * @param {Call} call
 * @returns {(report: NativeProgress) => void}
 */
function reportTo(progress, output, call) {
  return (report) => {
    if (call.settled || call.signal.aborted) return;
    try {
      const { fraction, tile } = report;
      const returned = tile
        ? progress(fraction, toOutput(tile.slice, output), sliceData(tile))
        : progress(fraction);
      if (typeof returned?.then === 'function')
        returned.then(undefined, (/** @type {unknown} */ e) => call.cancel(e));
    } catch (error) {
      call.cancel(error);
    }
  };
}

/** @param {NativeTile} tile */
function sliceData({ row, col, pre, post }) {
  return { row, col, patchCoordinates: { pre: toPatch(pre), post: toPatch(post) } };
}

/** @param {NativeRect} rect */
function toPatch({ x, y, width, height }) {
  return { origin: [y, x], size: [height, width] };
}

module.exports = { wantsSlices, reportTo };

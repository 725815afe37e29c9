// @ts-check
'use strict';

/**
 * What is measured of every picture, whichever system it is measured for. Durations are in seconds.
 *
 * @param {import('./observer').PictureRecord} record
 */
function measuresOf({ route, arrived, read = arrived, begun, finished, bytesIn, info, status, code }) {
  const end = begun ?? finished;
  return {
    labels: { route, status: String(status) },
    code,
    model: info?.model,
    bytesIn,
    bytesOut: info?.size ?? 0,
    pixelsOut: info ? info.width * info.height : 0,
    seconds: {
      total: (finished - arrived) / 1e3,
      read: (read - arrived) / 1e3,
      wait: (end - read) / 1e3,
      ...stagesOf(info?.stages),
    },
  };
}

/** @param {import('../../index.js').Stages} [stages] `undefined` where it failed, or its stream says nothing of them */
function stagesOf(stages) {
  if (stages === undefined) return {};
  const { decode, upscale, encode } = stages;
  return { decode: decode / 1e3, inference: upscale / 1e3, encode: encode / 1e3 };
}

/** Bounds of histograms, in seconds: a thumbnail takes tens of milliseconds, a large photo a minute. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

module.exports = { measuresOf, SECONDS };

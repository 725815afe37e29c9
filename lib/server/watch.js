// @ts-check
'use strict';

/**
 * @typedef {import('./observer').Observer} Observer
 * @typedef {import('./observer').PictureRecord} PictureRecord
 * @typedef {import('./observer').Watch} Watch
 */

/**
 * Follows one picture, and tells the observers at its end.
 *
 * @param {Observer[]} observers
 * @param {PictureRecord['route']} route
 * @returns {Watch & { timings(): string }}
 */
function watchPicture(observers, route) {
  /** @type {PictureRecord} */
  const record = { route, arrived: performance.now(), finished: 0, bytesIn: 0, status: 0 };
  const ends = observers.map((observer) => observer.arrive?.(route));
  return {
    read(bytes) {
      record.read = performance.now();
      record.bytesIn = bytes;
    },
    begun() {
      record.begun = performance.now();
    },
    upscaled(info) {
      record.info = info;
      // A stream is made until its end.
      if (info.stages) record.made = performance.now();
    },
    end(status, code) {
      Object.assign(record, { finished: performance.now(), status, code });
      for (const end of ends) end?.(record);
    },
    timings: () => serverTiming(record),
  };
}

/**
 * The `Server-Timing` header: what the client's developer tools show.
 *
 * @param {PictureRecord} record
 */
function serverTiming({ arrived, read = arrived, begun = read, info }) {
  const first = info && !info.stages ? performance.now() - begun : undefined;
  const parts = { read: read - arrived, wait: begun - read, first, ...info?.stages };
  return Object.entries(parts)
    .filter(([, duration]) => duration !== undefined)
    .map(([name, duration]) => `${name};dur=${Number(duration).toFixed(1)}`)
    .join(', ');
}

/** For requests that nobody measures. @type {Watch} */
const UNWATCHED = { read() {}, begun() {}, upscaled() {}, end() {} };

module.exports = { watchPicture, UNWATCHED };

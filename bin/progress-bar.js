// @ts-check
'use strict';

const WIDTH = 30;

/**
 * A progress bar on one line of a terminal; silent where there is none.
 *
 * @param {NodeJS.WriteStream} stream
 * @param {string} label
 */
function progressBar(stream, label) {
  const draw = (/** @type {number} */ fraction) => {
    const filled = Math.round(fraction * WIDTH);
    const percent = String(Math.floor(fraction * 100)).padStart(3);
    stream.write(`\r${label} [${'='.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${percent} %`);
  };
  if (!stream.isTTY) return { update() {}, stop() {} };
  draw(0);
  return { update: draw, stop: () => void stream.write('\n') };
}

module.exports = { progressBar };

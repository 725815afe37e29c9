// @ts-check

/** Figures as people read them. */

/** @param {number} count */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(count < 1e4 ? 1 : 0)} kB`;
  return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`;
}

/** @param {number} ms */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** @param {{ width: number, height: number }} size */
export function size({ width, height }) {
  return `${width} × ${height}`;
}

/** @param {number} pixels */
export function megapixels(pixels) {
  const mp = pixels / 1e6;
  return `${mp.toFixed(mp < 0.1 ? 3 : mp < 10 ? 2 : 0)} MP`;
}

/** @param {number} speed in megapixels per second */
export function rate(speed) {
  return `${speed.toPrecision(speed < 100 ? 2 : 3).replace(/\.0$/, '')} MP/s`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

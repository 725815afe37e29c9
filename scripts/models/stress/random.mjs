/** Numbers that look random and are the same at every run. */

/**
 * @typedef {object} Random
 * @property {() => number} next 0..1, 1 left out
 * @property {(low: number, high: number) => number} between a float
 * @property {(low: number, high: number) => number} integer both ends included
 * @property {<T>(list: readonly T[]) => T} pick
 * @property {() => number} normal mean 0, deviation 1
 */

/**
 * mulberry32, seeded by a text.
 *
 * @param {string} seed
 * @returns {Random}
 */
export function random(seed) {
  let state = 2166136261;
  for (const char of seed) state = Math.imul(state ^ char.charCodeAt(0), 16777619);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (list) => list[Math.floor(next() * list.length)],
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

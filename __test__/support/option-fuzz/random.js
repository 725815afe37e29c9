'use strict';

/** Choices that a seed alone determines. */
class Random {
  /** @param {number} seed */
  constructor(seed) {
    // Small seeds next to each other are to begin differently.
    this.state = (Math.imul(seed, 2654435761) >>> 0) % 2147483646 || 1;
  }

  /** @param {number} end @returns {number} an integer from 0, below `end` */
  below(end) {
    this.state = (this.state * 48271) % 2147483647;
    return this.state % end;
  }

  /** @param {number} share @returns {boolean} */
  chance(share) {
    return this.below(1e6) < share * 1e6;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return list[this.below(list.length)];
  }

  /** @template T @param {readonly T[]} list @returns {T[]} up to `most` of them, each once */
  some(list, most) {
    const left = [...list];
    return Array.from({ length: Math.min(this.below(most + 1), left.length) }, () => {
      const [taken] = left.splice(this.below(left.length), 1);
      return taken;
    });
  }
}

module.exports = { Random };

// @ts-check
'use strict';

const { RequestError } = require('./request-error');

/** Bytes that all requests together may hold in memory. */
class Budget {
  #limit;
  #used = 0;

  /** @param {number} limit */
  constructor(limit) {
    this.#limit = limit;
  }

  get used() {
    return this.#used;
  }

  /** A share that grows, and is given back as a whole. */
  share() {
    let taken = 0;
    return {
      /** @param {number} bytes */
      take: (bytes) => {
        if (this.#used + bytes > this.#limit) {
          throw new RequestError(503, 'Too many bytes of other requests are held at the moment');
        }
        this.#used += bytes;
        taken += bytes;
      },
      release: () => {
        this.#used -= taken;
        taken = 0;
      },
    };
  }
}

module.exports = { Budget };

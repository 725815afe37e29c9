// @ts-check
'use strict';

/** One heavy thing at a time, so that what is timed is not slowed down by what runs beside it. */
class Lane {
  #tail = Promise.resolve();
  #waiting = 0;
  /** Called when work arrives. @type {() => void} */
  onWanted = () => {};

  /**
   * @template T
   * @param {() => Promise<T>} task
   * @returns {Promise<T>}
   */
  run(task) {
    this.#waiting += 1;
    this.onWanted();
    const done = this.#tail.then(task);
    const over = () => {
      this.#waiting -= 1;
    };
    this.#tail = done.then(over, over);
    return done;
  }

  get idle() {
    return this.#waiting === 0;
  }

  /** When everything that waits now is over. */
  drained() {
    return this.#tail;
  }
}

module.exports = { Lane };

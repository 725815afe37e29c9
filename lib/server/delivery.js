// @ts-check
'use strict';

const { Readable } = require('node:stream');

/** How one answer goes: an adapter says what becomes of it, and routes wait for that. */
class Delivery {
  #controller = new AbortController();
  #over = false;
  /** @type {(whole: boolean) => void} */
  #settle = () => {};
  /** Resolves with its end: `true` where all of it was sent. @type {Promise<boolean>} */
  sent = new Promise((resolve) => (this.#settle = resolve));

  /** Aborted when it ends before it is sent. */
  get signal() {
    return this.#controller.signal;
  }

  /** All of it was sent. */
  finish() {
    this.#over = true;
    this.#settle(true);
  }

  /**
   * It ends before all of it was sent.
   *
   * @param {unknown} [reason]
   */
  lose(reason = new Error('The client closed the connection')) {
    if (this.#over) return;
    this.#over = true;
    // First: whoever waits for the end asks the signal why it came.
    this.#controller.abort(reason);
    this.#settle(false);
  }
}

/**
 * Ends a body that is a stream with its answer. An answer that nobody waits for any more never reads it, and what
 * feeds the stream would not hear of that.
 *
 * @param {unknown} body
 * @param {Promise<boolean>} sent
 */
function endWith(body, sent) {
  if (body instanceof Readable) sent.then(() => body.destroy());
}

module.exports = { Delivery, endWith };

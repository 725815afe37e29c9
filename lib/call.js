// @ts-check
'use strict';

const { performance } = require('node:perf_hooks');
const { AbortError, UpscalerError, unreadable } = require('./errors');

/**
 * One call of `upscale` or `warmup`, or the loading of a model, and the ways in which it may end early: the user's signal, its timeout, the
 * instance's `abort()`, a progress callback that throws. The first of them wins, and what it says is what the
 * call rejects with.
 */
class Call {
  #controller = new AbortController();
  #settled = false;
  #awaited;
  /** @type {number | undefined} */
  #deadline;
  /** @type {(() => void)[]} */
  #cleanups = [];

  /**
   * @param {{ signal?: AbortSignal, timeout?: number }} options timeout in milliseconds from now
   * @param {number} [id] its name for the addon
   * @param {string} [awaited] what is to be there by then
   */
  constructor({ signal, timeout }, id = 0, awaited = 'a result') {
    this.id = id;
    this.#awaited = awaited;
    this.#deadline = timeout === undefined ? undefined : performance.now() + timeout;
    if (signal !== undefined) this.#follow(signal);
    if (timeout !== undefined) this.#limit(timeout);
  }

  /** Aborted when the call is cancelled; its reason is the error to reject with. */
  get signal() {
    return this.#controller.signal;
  }

  /** Milliseconds that are left of its timeout. */
  get remaining() {
    return this.#deadline === undefined ? undefined : Math.max(0, this.#deadline - performance.now());
  }

  get settled() {
    return this.#settled;
  }

  /**
   * @param {unknown} error undefined, which a callback may throw, is an AbortError
   */
  cancel(error) {
    if (!this.#settled) this.#controller.abort(error === undefined ? new AbortError() : error);
  }

  /**
   * Waits for `promise`, but no longer than until the call is cancelled.
   *
   * @template T
   * @param {Promise<T>} promise
   * @returns {Promise<T>}
   */
  async race(promise) {
    const { signal } = this;
    /** @type {() => void} */
    let stopListening = () => {};
    const cancelled = new Promise((_, reject) => {
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort);
      stopListening = () => signal.removeEventListener('abort', onAbort);
    });
    try {
      return await Promise.race([cancelled, promise]);
    } finally {
      stopListening();
    }
  }

  /** The call is over: nothing of it may stay behind on the user's signal or on the event loop. */
  settle() {
    this.#settled = true;
    for (const cleanup of this.#cleanups) cleanup();
  }

  /** @param {AbortSignal} signal */
  #follow(signal) {
    const onAbort = () => this.cancel(reasonOf(signal));
    if (signal.aborted) return onAbort();
    this.#cleanups.push(follow(signal, onAbort));
  }

  /** @param {number} timeout */
  #limit(timeout) {
    const timer = setTimeout(() => {
      this.cancel(
        new UpscalerError('ERR_UPSCALER_TIMEOUT', `Expected ${this.#awaited} within ${timeout} ms (timeout)`),
      );
    }, timeout);
    this.#cleanups.push(() => clearTimeout(timer));
  }
}

/**
 * What an aborted signal makes of a call: `AbortSignal.timeout` is a timeout like the option of that name.
 *
 * @param {AbortSignal} signal
 */
function reasonOf({ reason }) {
  return isTimeout(reason)
    ? new UpscalerError('ERR_UPSCALER_TIMEOUT', 'Expected a result before the signal timed out', {
        cause: reason,
      })
    : new AbortError(undefined, { cause: reason });
}

/** @param {unknown} reason whatever the caller gave to `abort` */
function isTimeout(reason) {
  try {
    return /** @type {any} */ (reason)?.name === 'TimeoutError';
  } catch {
    return false;
  }
}

/**
 * What is to be called when a signal aborts. A server gives one signal to many calls; a listener of each would make
 * Node warn of a leak, so they share one.
 *
 * @type {WeakMap<AbortSignal, { listeners: Set<() => void>, notify: () => void }>}
 */
const followed = new WeakMap();

/**
 * @param {AbortSignal} signal
 * @param {() => void} listener
 * @returns {() => void} stops following
 */
function follow(signal, listener) {
  const { listeners, notify } = followed.get(signal) ?? startFollowing(signal);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    followed.delete(signal);
    try {
      signal.removeEventListener('abort', notify);
    } catch {
      // The call is over, and its result is worth more than what a signal of the caller's own making throws.
    }
  };
}

/** @param {AbortSignal} signal */
function startFollowing(signal) {
  /** @type {Set<() => void>} */
  const listeners = new Set();
  const notify = () => {
    for (const listener of [...listeners]) listener();
  };
  const entry = { listeners, notify };
  try {
    signal.addEventListener('abort', notify);
  } catch (cause) {
    throw unreadable('options.signal', cause);
  }
  followed.set(signal, entry);
  return entry;
}

module.exports = { Call };

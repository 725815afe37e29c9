// @ts-check
'use strict';

const { AbortError, UpscalerError } = require('../errors');
const { toProblem } = require('./problem');

/**
 * @typedef {import('./exchange').Exchange} Exchange
 * @typedef {import('./observer').Watch} Watch
 * @typedef {import('./service').Admission} Admission
 * @typedef {import('./service').Service} Service
 */

/** One request from its arrival until its answer has been sent, whichever comes of it. */
class Visit {
  #exchange;
  #limit;
  #watch;
  /** @type {Admission | undefined} */
  #place;
  #over = false;

  /**
   * @param {Exchange} exchange
   * @param {Service} service
   * @param {Watch} watch
   */
  constructor(exchange, service, watch) {
    this.#exchange = exchange;
    this.#limit = limitTime(exchange.signal, service);
    this.#watch = watch;
  }

  /** Aborted when it must end: its client has gone, its time is over, or the server closes. */
  get signal() {
    return this.#limit.signal;
  }

  /**
   * @param {Admission} place that is kept until its end
   * @returns {Admission}
   */
  enter(place) {
    this.#place = place;
    return place;
  }

  /**
   * Its answer is ready to be sent, for as long as the visit may last: a client that does not read keeps the result in
   * memory.
   *
   * @param {number} status
   * @throws the signal's reason, where the visit is over before
   */
  answered(status) {
    const { signal } = this;
    signal.throwIfAborted();
    const { cut, sent } = this.#exchange;
    signal.addEventListener('abort', () => cut(signal.reason), { once: true });
    sent.then((whole) => (whole ? this.#leave(status) : this.fail(new AbortError())));
  }

  /**
   * @param {unknown} error
   * @returns {unknown} what the client is told
   */
  fail(error) {
    const shown = this.#reasonOf(error);
    const { status, code } = toProblem(shown);
    this.#leave(status, code);
    return shown;
  }

  /**
   * Why it failed: the reason of its end where it was ended, whatever came of that further down.
   *
   * @param {unknown} error
   */
  #reasonOf(error) {
    const { signal } = this;
    if (signal.aborted) return signal.reason;
    // A stream that is closed before its end has lost its reader.
    const { code } = /** @type {NodeJS.ErrnoException} */ (error ?? {});
    return code === 'ERR_STREAM_PREMATURE_CLOSE' ? new AbortError(undefined, { cause: error }) : error;
  }

  /**
   * @param {number} status
   * @param {string} [code]
   */
  #leave(status, code) {
    if (this.#over) return;
    this.#over = true;
    this.#limit.stop();
    this.#place?.leave();
    this.#watch.end(status, code);
  }
}

/**
 * The client's signal, the server's, and the time that a request may take, in one.
 *
 * @param {AbortSignal} client
 * @param {Service} service
 */
function limitTime(client, service) {
  const { timeout } = service.settings.limits;
  const controller = new AbortController();
  const late = () => {
    controller.abort(new UpscalerError('ERR_UPSCALER_TIMEOUT', `Expected a result within ${timeout} ms`));
  };
  const gone = () => controller.abort(new AbortError(undefined, { cause: client.reason }));
  const closing = () => {
    controller.abort(new UpscalerError('ERR_UPSCALER_DISPOSED', 'The server is shutting down'));
  };
  const timer = setTimeout(late, timeout);
  client.addEventListener('abort', gone, { once: true });
  service.signal.addEventListener('abort', closing, { once: true });
  if (client.aborted) gone();
  if (service.signal.aborted) closing();
  const stop = () => {
    clearTimeout(timer);
    client.removeEventListener('abort', gone);
    service.signal.removeEventListener('abort', closing);
  };
  return { signal: controller.signal, stop };
}

module.exports = { Visit };

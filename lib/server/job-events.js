// @ts-check
'use strict';

const { Readable } = require('node:stream');

/**
 * @typedef {import('./types/server').JobStore} JobStore
 * @typedef {import('./types/server').JobView} JobView
 */

/** Proxies close connections on which nothing moves for a minute. */
const HEARTBEAT_MS = 15_000;
/** The id of the last event: a browser that connects again after it wants nothing more. */
const LAST_EVENT = 'end';

/**
 * A job as server-sent events: its state now and at every change, under the state's name; the stream ends with the
 * job.
 *
 * @param {JobStore} store
 * @param {JobView} view
 * @param {(view: JobView) => object} show
 * @returns {Readable}
 */
function jobEvents(store, view, show) {
  let stop = () => {};
  /** @type {JobView | undefined} */
  let latest;
  const stream = new Readable({
    // A client that reads slowly gets the newest state, not all of them.
    read() {
      const next = latest;
      latest = undefined;
      if (next) write(next);
      else hungry = true;
    },
    destroy(error, done) {
      clearInterval(heartbeat);
      stop();
      done(error);
    },
  });
  let hungry = false;
  const heartbeat = setInterval(() => {
    if (!hungry) return;
    hungry = false;
    stream.push(':\n\n');
  }, HEARTBEAT_MS);
  heartbeat.unref();

  const write = (/** @type {JobView} */ state) => {
    hungry = false;
    const over = isOver(state);
    const id = over ? `id: ${LAST_EVENT}\n` : '';
    stream.push(`event: ${state.state}\n${id}data: ${JSON.stringify(show(state))}\n\n`);
    if (over) stream.push(null);
  };
  const tell = (/** @type {JobView} */ state) => {
    if (stream.destroyed || stream.readableEnded) return;
    if (hungry) write(state);
    else latest = state;
  };
  latest = view;
  const listen = async () => {
    stop = await store.subscribe(view.id, tell);
    if (stream.destroyed) return stop();
    // What happened between the look and the subscription.
    const now = await store.get(view.id);
    if (now && isOver(now) && !isOver(view)) tell(now);
  };
  listen().catch((error) => stream.destroy(error));
  return stream;
}

/** @param {JobView} view */
function isOver({ state }) {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

module.exports = { jobEvents, isOver, LAST_EVENT };

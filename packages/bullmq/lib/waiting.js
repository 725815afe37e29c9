// @ts-check
'use strict';

const { AbortError, UpscalerError } = require('upscaler-node');
const { fromFailure, queueError } = require('./failure');

/**
 * @typedef {import('../index.js').JobProgress} JobProgress
 * @typedef {import('../index.js').WaitOptions} WaitOptions
 * @typedef {{ queue: import('bullmq').Queue, events: import('bullmq').QueueEvents }} Watched
 * @typedef {{ value: any } | { error: Error }} Outcome what a worker returned, or why there is nothing
 * @typedef {(outcome: Outcome) => void} Settle
 */

/**
 * Waits until all of these jobs have ended, or the first of them has failed. It holds their ids alone: a job has its
 * picture in it, and may wait for hours.
 *
 * @param {Watched} watched
 * @param {readonly string[]} ids
 * @param {WaitOptions} [options]
 * @returns {Promise<any[]>} what the workers returned, in the order of `ids`
 */
async function waitForEnd(watched, ids, options = {}) {
  /** @type {Map<string, any>} */
  const values = new Map();
  const unique = new Set(ids);
  /** @type {(() => void)[]} */
  const stops = [];
  try {
    return await new Promise((resolve, reject) => {
      stops.push(rejectEarly(reject, options));
      for (const id of unique) {
        const settle = (/** @type {Outcome} */ outcome) => {
          if ('error' in outcome) return reject(outcome.error);
          values.set(id, outcome.value);
          if (values.size === unique.size) resolve(ids.map((each) => values.get(each)));
        };
        stops.push(watch(watched, id, settle));
      }
    });
  } finally {
    for (const stop of stops) stop();
  }
}

/**
 * @param {(error: Error) => void} reject
 * @param {WaitOptions} options
 * @returns {() => void} ends it
 */
function rejectEarly(reject, { signal, timeout }) {
  const aborted = () => reject(new AbortError(undefined, { cause: signal?.reason }));
  if (signal?.aborted) aborted();
  signal?.addEventListener('abort', aborted, { once: true });
  const message = `Expected a result within ${timeout} ms (timeout)`;
  const late = () => reject(new UpscalerError('ERR_UPSCALER_TIMEOUT', message));
  const timer = timeout ? setTimeout(late, timeout) : undefined;
  return () => {
    signal?.removeEventListener('abort', aborted);
    clearTimeout(timer);
  };
}

/**
 * Tells how a job ended, once it has.
 *
 * @param {Watched} watched
 * @param {string} id
 * @param {Settle} settle
 * @returns {() => void} ends it
 */
function watch({ queue, events }, id, settle) {
  // An event may be of a run before the one that is waited for, so that the job itself is asked; what the event says
  // counts where the job is not kept or cannot be asked.
  const told = async (/** @type {Outcome} */ outcome) => {
    const now = await lookAt(queue, id).catch(() => null);
    if (now !== undefined) settle(now ?? outcome);
  };
  const stops = [
    listen(events, `completed:${id}`, ({ returnvalue }) => told({ value: returnvalue })),
    listen(events, `failed:${id}`, ({ failedReason }) => told({ error: fromFailure(failedReason) })),
    listen(events, `removed:${id}`, () => told(gone())),
  ];
  // Not before events are heard: what ends between the two would be missed.
  events
    .waitUntilReady()
    .then(() => lookAt(queue, id))
    .then((now) => now !== undefined && settle(now ?? gone()))
    .catch((error) => settle({ error: queueError(error) }));
  return () => stops.forEach((stop) => stop());
}

/** @returns {Outcome} */
function gone() {
  return { error: new AbortError('The job was cancelled, or is kept no longer') };
}

/**
 * @param {import('bullmq').Queue} queue
 * @param {string} id
 * @returns {Promise<Outcome | null | undefined>} null where there is no such job, undefined where it has not ended
 */
async function lookAt(queue, id) {
  const client = await queue.client;
  const fields = ['timestamp', 'finishedOn', 'returnvalue', 'failedReason'];
  const [addedOn, finishedOn, returned, reason] = await client.hmget(queue.toKey(id), ...fields);
  if (addedOn === null) return null;
  if (finishedOn === null) return undefined;
  // One that succeeded the second time still has the reason of the first.
  return returned === null ? { error: fromFailure(reason ?? undefined) } : { value: JSON.parse(returned) };
}

/**
 * The progress of jobs as one, until all have ended; the last of those that are done says 100 percent.
 *
 * @param {Watched} watched
 * @param {readonly string[]} ids
 * @returns {AsyncGenerator<JobProgress>}
 */
async function* progressOf(watched, ids) {
  /** @type {JobProgress[]} */
  const seen = [];
  let wake = () => {};
  let isOver = false;
  const stopListening = listenForProgress(watched.events, ids, (progress) => {
    seen.push(progress);
    wake();
  });
  const leaving = new AbortController();
  waitForEnd(watched, ids, { signal: leaving.signal })
    .then(
      () => seen.push({ percent: 100, stage: 'encode' }),
      () => {},
    )
    .finally(() => {
      isOver = true;
      wake();
    });
  try {
    while (!isOver || seen.length > 0) {
      const next = seen.shift();
      if (next !== undefined) yield next;
      else await new Promise((resolve) => (wake = () => resolve(undefined)));
    }
  } finally {
    leaving.abort();
    stopListening();
  }
}

/**
 * @param {Watched['events']} events
 * @param {readonly string[]} ids
 * @param {(progress: JobProgress) => void} tell
 * @returns {() => void} ends it
 */
function listenForProgress(events, ids, tell) {
  const percents = new Map(ids.map((id) => [id, 0]));
  const stops = [...percents.keys()].flatMap((id) => [
    listen(events, `progress:${id}`, ({ data }) => {
      percents.set(id, data.percent);
      const sum = [...percents.values()].reduce((a, b) => a + b);
      tell({ ...data, percent: Math.round(sum / percents.size) });
    }),
    listen(events, `completed:${id}`, () => percents.set(id, 100)),
  ]);
  return () => stops.forEach((stop) => stop());
}

/**
 * @param {Watched['events']} events
 * @param {string} event
 * @param {(args: any) => void} listener
 * @returns {() => void} ends it
 */
function listen(events, event, listener) {
  const name = /** @type {any} */ (event);
  events.on(name, listener);
  return () => events.off(name, listener);
}

module.exports = { waitForEnd, progressOf };

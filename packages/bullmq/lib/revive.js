// @ts-check
'use strict';

const { isQuarantined, mayBeAskedAgain } = require('./failure');
const { keptSeconds } = require('./pictures');

/**
 * @typedef {import('bullmq').Queue} Queue
 * @typedef {import('./pictures').Pictures} Pictures
 * @typedef {import('./upscale-queue').Entry} Entry
 */

/**
 * Makes way for what is asked for again: a job of the same name that has ended waits once more where its result is of
 * no use to who asks.
 *
 * @param {Queue} queue
 * @param {Pictures} pictures
 * @param {Entry} entry
 */
async function revive(queue, pictures, { data, opts }) {
  const client = await queue.client;
  const fields = ['finishedOn', 'failedReason', 'returnvalue'];
  const [finishedOn, failedReason, returned] = await client.hmget(queue.toKey(opts.jobId), ...fields);
  if (finishedOn === null) return;
  // BullMQ removes what is old when another job ends, which may be never.
  const isOld = Number(finishedOn) + keptSeconds({ opts }) * 1000 < Date.now();
  // One that succeeded the second time still has the reason of the first.
  const mayGoAgain =
    returned === null
      ? !isQuarantined(failedReason ?? undefined) && (isOld || mayBeAskedAgain(failedReason ?? ''))
      : isOld || (await pictures.hasExpired(JSON.parse(returned).picture));
  if (!mayGoAgain) return;
  const job = await queue.getJob(opts.jobId);
  try {
    // One that failed may have no picture any more.
    await job?.updateData(data);
    await job?.retry(returned === null ? 'failed' : 'completed', { resetAttemptsMade: true });
  } catch {
    // Somebody else has done it first, or it has been removed and is added anew.
  }
}

module.exports = { revive };

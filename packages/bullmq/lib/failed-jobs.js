// @ts-check
'use strict';

const { UnrecoverableError } = require('bullmq');
const { STALLED } = require('./failure');
const { keptSeconds } = require('./pictures');

/**
 * @typedef {import('bullmq').Job} Job
 * @typedef {import('bullmq').Worker} Worker
 * @typedef {object} ScriptClient BullMQ's client, which is one of ioredis
 * @property {(key: string, score: number, member: string) => Promise<unknown>} zadd
 * @property {(script: string, keys: number, ...args: (string | number)[]) => Promise<number>} eval
 */

/**
 * Failed jobs by the time until which they are kept. BullMQ removes whatever failed longer ago than the job that fails
 * now may be kept: with ages of their own, jobs that go after an hour would take along what is in quarantine.
 */
const KEPT_UNTIL = 'failed:kept-until';

/** At once, so that none is removed that somebody asks for again meanwhile. */
const REMOVE = `
local removed = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1000)) do
  local job = ARGV[2] .. id
  local reason = redis.call('HGET', job, 'failedReason') or ''
  redis.call('ZREM', KEYS[1], id)
  if not string.find(reason, ARGV[3], 1, true) and redis.call('ZREM', KEYS[2], id) == 1 then
    redis.call('DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed')
    removed = removed + 1
  end
end
return removed
`;

/**
 * Prepares a job for having failed for good, before BullMQ hears of it. The picture of what cannot succeed is of no use
 * and leaves Redis; its reason takes its place, for the worker that has the job next should this one end here.
 *
 * @param {Worker} worker
 * @param {Job} job
 * @param {Error} failure
 */
async function prepareFailed(worker, job, failure) {
  const { picture, ...data } = job.data;
  if (failure instanceof UnrecoverableError && picture?.inline !== undefined) {
    await job.updateData({ ...data, failure: failure.message });
  }
  const until = Date.now() + keptSeconds(job) * 1000;
  await (await clientOf(worker)).zadd(worker.toKey(KEPT_UNTIL), until, /** @type {string} */ (job.id));
}

/**
 * Removes the jobs that failed and are kept no longer.
 *
 * @param {Worker} worker
 * @returns {Promise<number>} how many
 */
async function removeFailed(worker) {
  const client = await clientOf(worker);
  const keys = [worker.toKey(KEPT_UNTIL), worker.toKey('failed')];
  return client.eval(REMOVE, keys.length, ...keys, Date.now(), worker.toKey(''), STALLED);
}

/**
 * @param {Worker} worker
 * @returns {Promise<ScriptClient>}
 */
async function clientOf(worker) {
  return /** @type {any} */ (await worker.client);
}

module.exports = { prepareFailed, removeFailed };

/** 2,000 jobs, three workers, one of which is killed every 20 seconds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadQueue } from '../../scripts/queue-load.mjs';

test('all jobs are done and right, about as fast as without a queue', async () => {
  const { queued, direct, ...outcome } = await loadQueue({ jobs: 2000, workers: 3, killEvery: 20 });
  console.log(JSON.stringify({ ...outcome, queued, direct }));
  assert.deepEqual([outcome.done, outcome.failed, outcome.wrong], [2000, 0, 0]);
  assert.ok(queued <= direct * 1.1, `${queued.toFixed(1)} s with a queue, ${direct.toFixed(1)} s without`);
});

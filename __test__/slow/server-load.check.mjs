/** 500 requests, 16 at a time, with clients that give up and bodies that are no pictures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadServer } from '../../scripts/server-load.mjs';

test('a server under load answers rightly, pauses shortly and keeps its memory', async () => {
  const { statuses, wrong, eventLoop, rss, status } = await loadServer({ requests: 500, connections: 16 });
  console.log(JSON.stringify({ statuses, eventLoop, rss }));
  assert.deepEqual(wrong, []);
  assert.ok(statuses[200] >= 350, JSON.stringify(statuses));
  assert.ok(eventLoop.p99 <= 20, JSON.stringify(eventLoop));
  assert.deepEqual([status.running, status.waiting], [0, 0]);
  // On a plateau: the last quarter is not above the second.
  const most = (from, to) =>
    Math.max(...rss.slice(Math.floor(rss.length * from), Math.ceil(rss.length * to)));
  assert.ok(most(0.75, 1) <= most(0.25, 0.5) * 1.15, JSON.stringify(rss));
});

'use strict';

const path = require('node:path');
const { test } = require('node:test');
const { printsOnly } = require('./support/child');

/** Threads and processes that come and go, and several copies of the library in one; each test in a process of its own. */

/** @param {string} script in support/lifecycle @param {string} expected what it prints, and nothing else is printed */
async function prints(script, expected) {
  const file = path.join(__dirname, 'support', 'lifecycle', script);
  await printsOnly([file], expected);
}

test('a hundred worker threads, ended at any moment', () => prints('workers.js', '100 true 0 0'));

test('worker threads, ended while their own functions work on pictures', () =>
  prints('worker-hooks.js', '40 0 0'));

test('a cluster, one process of which is killed', () => prints('cluster.js', '20 2 SIGKILL 0,0'));

test('processes that are forked before, during and after work', () => prints('fork.js', '4'));

test('two installations in one process, and one that is loaded twice', () => prints('copies.js', '3 1 true'));

'use strict';

const cluster = require('node:cluster');
const { once } = require('node:events');
const http = require('node:http');
const { setTimeout: wait } = require('node:timers/promises');
const Upscaler = require('../../..');
const { picture, sum } = require('./picture');

/**
 * A server of two processes, as node:cluster makes it, whose first process computes too. One is killed while it computes: the
 * other answers, and one that takes its place does. Prints how many answers were right, and how processes ended.
 */

const QUESTIONS = 20;

function serve() {
  const upscaler = new Upscaler();
  const server = http.createServer(async (_, response) => {
    response.end(JSON.stringify({ pid: process.pid, sum: await sum(upscaler) }));
  });
  server.listen(0, '127.0.0.1');
  process.on('message', async (message) => {
    if (message === 'compute') for (let i = 0; i < 8; i++) upscaler.upscale(picture(500)).catch(() => {});
    if (message === 'end') {
      server.close();
      upscaler.abort();
      await upscaler.dispose();
      process.disconnect();
    }
  });
}

/** @param {number} port @returns {Promise<{ pid: number, sum: string }>} */
async function ask(port) {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
  return response.json();
}

async function main() {
  const upscaler = new Upscaler();
  const expected = await sum(upscaler);
  const workers = [cluster.fork(), cluster.fork()];
  const addresses = await Promise.all(workers.map((worker) => once(worker, 'listening')));
  const port = addresses[0][0].port;

  const [killed] = workers;
  killed.send('compute');
  await wait(100);
  killed.process.kill('SIGKILL');
  const [, signal] = await once(killed, 'exit');

  const replacement = cluster.fork();
  await once(replacement, 'listening');
  const answers = [];
  for (let i = 0; i < QUESTIONS; i++) answers.push(await ask(port));
  const right = answers.filter((answer) => answer.sum === expected).length;
  const asked = new Set(answers.map(({ pid }) => pid));

  const living = [workers[1], replacement];
  const ended = Promise.all(living.map((worker) => once(worker, 'exit')));
  for (const worker of living) worker.send('end');
  const codes = (await ended).map(([code]) => code);
  console.log(right, asked.size, signal, codes.join());
  await upscaler.dispose();
}

if (cluster.isPrimary) main();
else serve();

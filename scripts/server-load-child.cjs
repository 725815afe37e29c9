'use strict';

// The server of scripts/server-load.mjs: in a process of its own, so that its pauses and its memory are its own.
const http = require('node:http');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { createUpscale } = require('../lib/server/express');

const NANOSECONDS = 1e6;
const MIB = 1024 * 1024;

const upscale = createUpscale();
const server = http.createServer(upscale.upscale);
const delay = monitorEventLoopDelay({ resolution: 1 });
let rss = [];
setInterval(() => rss.push(Math.round(process.memoryUsage.rss() / MIB)), 500).unref();

process.on('message', (what) => {
  if (what === 'reset') {
    delay.reset();
    rss = [];
    return process.send({});
  }
  const ms = (value) => Math.round((value / NANOSECONDS) * 10) / 10;
  const eventLoop = { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) };
  process.send({ eventLoop, rss, status: upscale.status() });
});

server.listen(0, '127.0.0.1', () => {
  delay.enable();
  process.send({ origin: `http://127.0.0.1:${server.address().port}` });
});

'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { Redis } = require('ioredis');

/** Systems on which tests may do without; on Linux a missing server is a failure. */
const SKIP = process.platform === 'linux' ? false : 'redis-server is not had on this system';

/** A server of one's own on a free port of loopback, which keeps what it is told in a file. */
class RedisServer {
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-redis-'));
  #process;
  port = 0;

  /** @param {string[]} [options] */
  static async start(options = []) {
    const server = new RedisServer();
    server.port = await freePort();
    await server.run(options);
    return server;
  }

  get connection() {
    return { host: '127.0.0.1', port: this.port };
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** @param {string[]} [options] */
  async run(options = []) {
    const fixed = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''];
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
    const args = [...fixed, ...durable, '--maxmemory-policy', 'noeviction', ...options];
    this.#process = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const failed = once(this.#process, 'error').then(([error]) => {
      throw new Error('Expected redis-server: apt-get install redis-server', { cause: error });
    });
    const ready = new Promise((resolve, reject) => {
      this.#process.stdout.on(
        'data',
        (text) => `${text}`.includes('Ready to accept connections') && resolve(),
      );
      this.#process.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
    });
    ready.catch(() => {});
    await Promise.race([ready, failed]);
  }

  /** As when the machine fails. */
  async kill() {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  /** @param {string[]} command */
  async command(...command) {
    const client = new Redis(this.connection);
    try {
      return await client.call(...command);
    } finally {
      client.disconnect();
    }
  }

  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill();
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

module.exports = { RedisServer, SKIP };

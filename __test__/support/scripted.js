'use strict';

const Upscaler = require('../../index.js');
const { NEAREST } = require('./pixels');

/** More than the buffers of a connection take, wherever the tests run. */
const HUGE = 32 * 1024 * 1024;

const INFO = { width: 24, height: 16, format: 'png', size: HUGE, model: 'scripted', durationMs: 0 };

/** An instance whose results are there at once, and larger than a connection takes in one go. */
class Instant extends Upscaler {
  constructor() {
    super({ model: NEAREST });
  }

  async upscale() {
    return { data: Buffer.alloc(HUGE), info: { ...INFO, stages: { decode: 0, upscale: 0, encode: 0 } } };
  }
}

/** An instance whose results never come. */
class Endless extends Upscaler {
  constructor() {
    super({ model: NEAREST });
  }

  upscale(_image, { signal }) {
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }
}

/** A store with one job that is done, whose result is larger than a connection takes in one go. */
class OneJob {
  id = '00000000-0000-4000-8000-000000000000';
  fetches = [];
  added = [];
  listening = 0;
  left = 0;

  async add(request) {
    this.added.push(request);
    return this.get();
  }

  async get() {
    return { id: this.id, state: 'done', percent: 100 };
  }

  async result() {
    return { data: Buffer.alloc(HUGE), info: INFO };
  }

  fetched(id) {
    this.fetches.push(id);
  }

  async cancel() {}

  async subscribe() {
    this.listening += 1;
    return () => void (this.left += 1);
  }

  async drain() {}

  async close() {}
}

module.exports = { HUGE, Instant, Endless, OneJob };

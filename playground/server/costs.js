// @ts-check
'use strict';

const { performance } = require('node:perf_hooks');

/**
 * How fast each model is on this machine, measured while nothing else runs here, on small pictures; until then
 * estimated from the catalogue's relative speeds.
 *
 * @typedef {import('../../index.js')} Upscaler
 * @typedef {import('../../index.js').CatalogueEntry} Entry
 */

/** What the relative speeds are relative to. */
const YARDSTICK = 'span-2x';

/** Networks of larger files take seconds to load: theirs stays an estimate. */
const LARGEST_FILE = 40e6;

/** The side of the picture for the yardstick, and the least. Slower networks get smaller ones, so that each takes about as long. */
const SIDE = 192;
const LEAST_SIDE = 64;

const REPEATS = 3;

class Costs {
  /** Input megapixels per second. @type {Record<string, number>} */
  measured = {};
  #Upscaler;
  #lane;
  #emit;
  #delay;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #controller = new AbortController();
  /** @type {Promise<void>} */
  #running = Promise.resolve();
  #closed = false;

  /**
   * @param {{ Upscaler: typeof import('../../index.js'), lane: import('./lane').Lane, emit: (event: object) => void, delay: number }} parts
   *   delay: milliseconds without work after which the machine counts as idle
   */
  constructor({ Upscaler, lane, emit, delay }) {
    this.#Upscaler = Upscaler;
    this.#lane = lane;
    this.#emit = emit;
    this.#delay = delay;
    lane.onWanted = () => this.#controller.abort();
    this.#wait();
  }

  async close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#controller.abort();
    await this.#running;
  }

  #wait() {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#measureAll().finally(() => this.#wait());
    }, this.#delay);
    this.#timer.unref();
  }

  async #measureAll() {
    if (!this.#lane.idle) return;
    this.#controller = new AbortController();
    const entries = this.#Upscaler
      .listModels()
      .toSorted((a, b) => Number(b.id === YARDSTICK) - Number(a.id === YARDSTICK));
    for (const entry of entries) {
      const wanted = entry.installed && !(entry.id in this.measured) && (entry.fileSize ?? 0) <= LARGEST_FILE;
      if (!wanted || this.#controller.signal.aborted) continue;
      const speed = await measure(this.#Upscaler, entry, this.#controller.signal);
      if (speed === undefined) continue;
      this.measured[entry.id] = speed;
      this.#emit({ type: 'cost', id: entry.id, speed });
    }
  }
}

/**
 * @param {typeof import('../../index.js')} Upscaler
 * @param {Entry} entry
 * @param {AbortSignal} signal
 * @returns {Promise<number | undefined>} input megapixels per second; `undefined` where it was interrupted or cannot run
 */
async function measure(Upscaler, { id, relativeSpeed }, signal) {
  const side = Math.max(
    Math.round((SIDE * Math.sqrt(Math.min(relativeSpeed ?? 0, 1))) / 16) * 16,
    LEAST_SIDE,
  );
  const picture = { data: pattern(side), width: side, height: side, channels: 3 };
  const upscaler = new Upscaler({ model: id });
  try {
    let best = Infinity;
    for (let i = 0; i <= REPEATS; i++) {
      const start = performance.now();
      await upscaler.upscale(picture, { output: 'raw', signal });
      if (i > 0) best = Math.min(best, performance.now() - start);
    }
    return (side * side) / best / 1000;
  } catch {
    return undefined;
  } finally {
    await upscaler.dispose();
  }
}

/** @param {number} side of a square of soft waves */
function pattern(side) {
  return Uint8Array.from(
    { length: side * side * 3 },
    (_, i) => 128 + 100 * Math.sin(i / 7) * Math.cos(i / (side * 5)),
  );
}

module.exports = { Costs };

// @ts-check
'use strict';

const { duration, plural, short } = require('./figures');
const { abilities, painter } = require('./style');
const { displayWidth, pad, truncate } = require('./text');

/** Often enough to look alive, rarely enough to cost nothing. */
const REDRAW_MS = 100;
/** A rate or a remaining time says little before so much of the work has been seen. */
const LEAST_SEEN = { ms: 1000, share: 0.01 };
const BAR = 24;
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

/**
 * Lines at the foot of a terminal: a bar for each picture in work and, for a batch, one line for the whole. What is
 * said meanwhile goes above them. Nothing is drawn where the stream is no terminal, or one that cannot redraw.
 *
 * @typedef {{ label: string, weight: number, fraction: number }} Bar `weight`: its share of the work, in any unit
 */
class Progress {
  #stream;
  #abilities;
  #paint;
  #total;
  #weight;
  /** @type {Map<unknown, Bar>} */
  #bars = new Map();
  #drawn = 0;
  #begun = performance.now();
  #done = { pictures: 0, weight: 0, pixels: 0, worked: 0 };
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * @param {NodeJS.WriteStream} stream
   * @param {{ total: number, weight: number }} batch pictures, and the sum of their weights
   */
  constructor(stream, { total, weight }) {
    this.#stream = stream;
    this.#abilities = abilities(stream);
    this.#paint = painter(this.#abilities.colour);
    this.#total = total;
    this.#weight = weight;
  }

  /**
   * @param {unknown} key
   * @param {{ label: string, weight: number }} picture
   */
  start(key, { label, weight }) {
    if (!this.#abilities.live) return;
    this.#bars.set(key, { label, weight, fraction: 0 });
    if (this.#timer !== undefined) return;
    this.#stream.write(HIDE_CURSOR);
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS).unref();
    this.#draw();
  }

  /**
   * @param {unknown} key
   * @param {number} fraction 0..1
   */
  update(key, fraction) {
    const bar = this.#bars.get(key);
    if (bar !== undefined) bar.fraction = fraction;
  }

  /**
   * A picture is done, or will not be.
   *
   * @param {unknown} key
   * @param {{ weight: number, pixels?: number }} result `pixels`: of the result, if there is one
   */
  finish(key, { weight, pixels = 0 }) {
    this.#bars.delete(key);
    this.#done.pictures += 1;
    this.#done.weight += weight;
    this.#done.pixels += pixels;
    this.#done.worked += pixels > 0 ? weight : 0;
  }

  /** @param {string} line said above the bars */
  say(line) {
    this.#clear();
    this.#stream.write(`${line}\n`);
    if (this.#timer !== undefined) this.#draw();
  }

  /** Leaves the terminal as it was found. May be called more than once, and from an exit handler. */
  stop() {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#clear();
    this.#stream.write(SHOW_CURSOR);
  }

  #clear() {
    if (this.#drawn === 0) return;
    this.#stream.write(`\x1b[${this.#drawn}A\r\x1b[0J`);
    this.#drawn = 0;
  }

  #draw() {
    const columns = this.#stream.columns || 80;
    // One line must stay free, or the terminal scrolls and what was drawn cannot be taken back.
    const room = Math.max(1, (this.#stream.rows || 24) - 2);
    const bars = [...this.#bars.values()].slice(0, room).map((bar) => this.#barLine(bar, columns));
    const lines = this.#total > 1 ? [...bars, this.#batchLine(columns)] : bars;
    const up = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
    const erased = lines.map((line) => `\r\x1b[2K${line}\n`).join('');
    this.#stream.write(`${up}${erased}\x1b[0J`);
    this.#drawn = lines.length;
  }

  /**
   * @param {Bar} bar
   * @param {number} columns
   */
  #barLine({ label, fraction }, columns) {
    const percent = `${Math.floor(fraction * 100)} %`.padStart(5);
    const left = this.#total > 1 ? '' : this.#remaining();
    const room = columns - BAR - percent.length - displayWidth(left) - 4;
    // A narrow terminal wraps what is too long, and a wrapped line cannot be redrawn.
    if (room < 8) return truncate(`${percent} ${label}`, columns - 1);
    const name = pad(truncate(label, Math.min(room, 40)), Math.min(room, this.#labelWidth()));
    return `${name} ${this.#bar(fraction)} ${percent}${this.#paint('dim', left)}`;
  }

  #labelWidth() {
    return Math.min(40, Math.max(...[...this.#bars.values()].map(({ label }) => displayWidth(label))));
  }

  /** @param {number} fraction */
  #bar(fraction) {
    const filled = Math.round(fraction * BAR);
    const [full, empty] = this.#abilities.unicode ? ['━', '─'] : ['=', '-'];
    return this.#paint('green', full.repeat(filled)) + this.#paint('dim', empty.repeat(BAR - filled));
  }

  /** @param {number} columns */
  #batchLine(columns) {
    const { pictures, pixels } = this.#done;
    const seconds = (performance.now() - this.#begun) / 1000;
    const parts = [`${pictures} of ${plural(this.#total, 'picture')}`];
    if (pixels > 0) parts.push(`${short(pixels / 1e6 / seconds)} MP/s`);
    const separator = this.#abilities.unicode ? ' · ' : ', ';
    return truncate(parts.join(separator) + this.#remaining(), columns - 1);
  }

  /** @returns {string} ` · 12 s left`, or nothing while that cannot be told */
  #remaining() {
    const { weight, worked } = this.#done;
    const working = [...this.#bars.values()].reduce((sum, bar) => sum + bar.weight * bar.fraction, 0);
    const elapsed = performance.now() - this.#begun;
    const seen = worked + working;
    if (elapsed < LEAST_SEEN.ms || seen < LEAST_SEEN.share * this.#weight) return '';
    const left = this.#weight - weight - working;
    if (left <= 0) return '';
    return `${this.#abilities.unicode ? ' · ' : ', '}${duration((elapsed / seen) * left)} left`;
  }
}

module.exports = { Progress };

// @ts-check
'use strict';

const { duration, plural, short } = require('../terminal/figures');
const { print } = require('../terminal/output');
const { Progress } = require('../terminal/progress');
const { abilities, painter } = require('../terminal/style');
const { showName } = require('../terminal/text');

/**
 * What is said of a batch: for people on standard error, for programs a line of JSON for each picture on standard
 * output.
 *
 * @typedef {import('./plan').Job} Job
 * @typedef {import('./run').Written} Written
 */
class Report {
  #json;
  #quiet;
  #progress;
  #paint;
  #arrow;
  #begun = performance.now();
  #pixels = 0;
  counts = { written: 0, exists: 0, failed: 0, planned: 0 };
  /** Said again at the end of a batch, where they are not scrolled away. @type {string[]} */
  #failures = [];

  /**
   * @param {Job[]} jobs
   * @param {{ json?: boolean, quiet?: boolean }} options
   */
  constructor(jobs, { json = false, quiet = false }) {
    this.#json = json;
    this.#quiet = quiet;
    const ready = jobs.filter(({ state }) => state === 'ready');
    const weight = ready.reduce((sum, job) => sum + weightOf(job), 0);
    this.#progress = new Progress(process.stderr, { total: ready.length, weight });
    const { colour, unicode } = abilities(process.stderr);
    this.#paint = painter(colour);
    this.#arrow = unicode ? '→' : '->';
  }

  /** @param {Job} job */
  start(job) {
    if (!this.#quiet) this.#progress.start(job, { label: showName(labelOf(job)), weight: weightOf(job) });
  }

  /**
   * @param {Job} job
   * @param {number} fraction
   */
  update(job, fraction) {
    this.#progress.update(job, fraction);
  }

  /**
   * @param {Job} job
   * @param {Written} written
   */
  async written(job, written) {
    const { width, height, model, durationMs, guarded, drawn } = written;
    this.counts.written += 1;
    this.#pixels += width * height;
    this.#progress.finish(job, { weight: weightOf(job), pixels: width * height });
    const by = model ?? 'made smaller, which needs no network';
    const parts = [
      drawn > 0 ? `, ${short(drawn * 100)} % of it upscaled as letters and line art` : '',
      guarded > 0 ? `, ${short(guarded * 100)} % of it replaced by the guard` : '',
    ];
    this.#say(`${this.#fromTo(job)}  ${width} x ${height}, ${by}, ${duration(durationMs)}${parts.join('')}`);
    await this.#line(job, { status: 'written', ...written });
  }

  /** @param {Job} job that need not be done again */
  async exists(job) {
    this.counts.exists += 1;
    this.#say(this.#paint('dim', `${this.#fromTo(job)}  is there already`));
    await this.#line(job, { status: 'exists' });
  }

  /**
   * @param {Job} job
   * @param {string} model
   */
  async planned(job, model) {
    this.counts.planned += 1;
    this.#say(`${this.#fromTo(job)}  ${model}`);
    await this.#line(job, { status: 'planned' });
  }

  /**
   * @param {{ input: { file: string }, output?: string }} job
   * @param {{ message: string, code?: string }} error
   */
  async failed(job, error) {
    const message = inOptions(error.message);
    const { code } = error;
    this.counts.failed += 1;
    this.#progress.finish(job, { weight: 'state' in job ? weightOf(/** @type {Job} */ (job)) : 0 });
    const line = `${showName(labelOf(job))}: ${showLines(message)}`;
    this.#failures.push(line);
    this.#progress.say(`${this.#paint('red', 'failed')} ${line}`);
    await this.#line(job, { status: 'failed', error: { code, message } });
  }

  /** @param {string} text beside the pictures */
  note(text) {
    this.#say(this.#paint('dim', showName(text)));
  }

  /** @param {string} text */
  warn(text) {
    this.#say(`${this.#paint('yellow', 'warning')} ${showName(text)}`);
  }

  /** Takes the progress off the terminal. */
  stop() {
    this.#progress.stop();
  }

  /** The last words of a batch. */
  summary() {
    this.stop();
    const { written, exists, failed, planned } = this.counts;
    if (written + exists + failed + planned < 2) return;
    const seconds = (performance.now() - this.#begun) / 1000;
    const rate =
      written > 0 ? ` in ${duration(seconds * 1000)} (${short(this.#pixels / 1e6 / seconds)} MP/s)` : '';
    const parts = [
      planned > 0
        ? `${plural(planned, 'picture')} would be written`
        : `${plural(written, 'picture')} written${rate}`,
    ];
    if (exists > 0) parts.push(`${exists} there already`);
    if (failed > 0) parts.push(this.#paint('red', `${failed} failed`));
    this.#say(parts.join(', ') + (failed > 0 ? ':' : ''));
    for (const failure of this.#failures) this.#say(`  ${failure}`);
  }

  /** @param {Job} job */
  #fromTo({ input, output }) {
    const [from, to] = [labelOf({ input }), output === '-' ? 'standard output' : showName(output)];
    return `${showName(from)} ${this.#arrow} ${to}`;
  }

  /** @param {string} line */
  #say(line) {
    if (!this.#quiet) this.#progress.say(line);
  }

  /**
   * @param {{ input: { file: string }, output?: string }} job
   * @param {object} facts
   */
  async #line({ input, output }, facts) {
    if (this.#json) await print(JSON.stringify({ input: input.file, output, ...facts }));
  }
}

/** @param {{ input: { file: string } }} job */
function labelOf({ input }) {
  return input.file === '-' ? 'standard input' : input.file;
}

/** @param {Job} job how much work it is, compared with others: no size is known before a file is opened */
function weightOf({ input }) {
  return Math.max(input.bytes, 1);
}

/**
 * The library's messages name its options: here they are the command line's.
 *
 * @param {string} message
 */
function inOptions(message) {
  return message
    .replace('(limitInputPixels)', '(--max-pixels)')
    .replace('(limitOutputPixels)', '(--max-output-pixels)')
    .replace('(timeout)', '(--timeout)');
}

/** @param {string} message which may have several lines */
function showLines(message) {
  return message.split('\n').map(showName).join('\n  ');
}

module.exports = { Report };

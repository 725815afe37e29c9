// @ts-check
'use strict';

const { Surface } = require('./surface');

/** Results of more pixels than this are shown from their tiles, if those are the same, and not decoded again. */
const LARGE = 30e6;

/**
 * What there is to see of a run: its tiles while the network makes them, then its result. A network may go over a
 * picture more than once; every pass has a surface, and the latest is shown.
 */
class RunView {
  /** @type {Surface | undefined} */
  #surface;
  #pass = 0;
  #id;
  #facts;
  #workspace;
  #closed = false;
  /** Whether the first pass only cleans: the second begins with the picture's size again. */
  cleans = false;

  /**
   * @param {string} id of the run
   * @param {{ width: number, height: number }} facts of the picture
   * @param {import('./workspace').Workspace} workspace
   */
  constructor(id, facts, workspace) {
    this.#id = id;
    this.#facts = facts;
    this.#workspace = workspace;
  }

  /** @returns {{ id: string, width: number, height: number } | undefined} */
  shown() {
    return (
      this.#surface && {
        id: `${this.#id}-${this.#pass}`,
        width: this.#surface.width,
        height: this.#surface.height,
      }
    );
  }

  /** @param {string} id */
  surface(id) {
    return id === `${this.#id}-${this.#pass}` ? this.#surface : undefined;
  }

  /**
   * @param {import('./surface').Pixels} slice
   * @param {import('../../index.js').SliceData} where
   * @returns {{ x: number, y: number, width: number, height: number }} the part that is new, in pixels of the surface
   */
  add(slice, { row, col, patchCoordinates: { pre, post } }) {
    const scale = slice.width / post.size[1];
    if (row === 0 && col === 0) this.#startPass(scale);
    const [y, x] = [0, 1].map((axis) => (pre.origin[axis] + post.origin[axis]) * scale);
    this.#surface?.write(x, y, slice);
    return { x, y, width: slice.width, height: slice.height };
  }

  /**
   * Whether the tiles that were shown are the whole result, pixel for pixel, and decoding it would take long.
   *
   * @param {import('../../index.js').OutputInfo} info
   * @param {Record<string, unknown>} options
   */
  isComplete({ width, height, format, model }, { lossless, keepMetadata = 'none' }) {
    const exact = format === 'png' || format === 'tiff' || (format === 'webp' && lossless === true);
    const shown = this.#surface;
    const same = shown !== undefined && shown.width === width && shown.height === height;
    const once = this.#pass === 1 && !model.includes('+');
    return exact && same && once && keepMetadata === 'none' && width * height > LARGE;
  }

  /** @param {import('./surface').Pixels} [result] the decoded result; without it, what is shown stays */
  async finish(result) {
    if (result === undefined) return;
    const surface = new Surface(this.#workspace.file('.tiles'), result.width, result.height);
    await surface.fill(result);
    if (this.#closed) surface.close();
    else this.#show(surface);
  }

  close() {
    this.#closed = true;
    this.#surface?.close();
  }

  /** @param {number} scale */
  #startPass(scale) {
    const cleaned = this.cleans && this.#pass === 1;
    const from = this.#surface === undefined || cleaned ? this.#facts : this.#surface;
    this.#show(new Surface(this.#workspace.file('.tiles'), from.width * scale, from.height * scale));
  }

  /** @param {Surface} surface */
  #show(surface) {
    this.#surface?.close();
    this.#surface = surface;
    this.#pass += 1;
  }
}

module.exports = { RunView };

// @ts-check
'use strict';

const { readFile, rm } = require('node:fs/promises');
const { factsOf } = require('./facts');
const { HttpError } = require('./http-error');
const { Surface } = require('./surface');

/** Pictures that are kept; the oldest goes when another comes. */
const KEPT = 8;

/**
 * The pictures that were opened, each with its file and a surface to look at.
 *
 * @typedef {{
 *   id: string,
 *   name: string,
 *   file: string,
 *   facts: import('./facts').Facts & { width: number, height: number, alpha: boolean, channels: number },
 *   surface: Surface,
 * }} Picture
 */
class Pictures {
  /** @type {Map<string, Picture>} */
  #pictures = new Map();
  #last = 0;
  #workspace;
  #decoder;

  /**
   * @param {import('./workspace').Workspace} workspace
   * @param {ReturnType<typeof import('./decode').createDecoder>} decoder
   */
  constructor(workspace, decoder) {
    this.#workspace = workspace;
    this.#decoder = decoder;
  }

  /**
   * @param {string} file in the workspace, which is its owner from now on
   * @param {string} name what the user calls it
   * @returns {Promise<Picture>}
   */
  async add(file, name) {
    /** @type {Surface | undefined} */
    let surface;
    try {
      const bytes = await readFile(file);
      const pixels = await this.#decoder.decode(bytes);
      const { width, height, channels } = pixels;
      surface = new Surface(this.#workspace.file('.tiles'), width, height);
      await surface.fill(pixels);
      const facts = { ...factsOf(bytes), width, height, channels, alpha: channels % 2 === 0 };
      const picture = { id: `p${++this.#last}`, name, file, facts, surface };
      this.#pictures.set(picture.id, picture);
      return picture;
    } catch (error) {
      surface?.close();
      await rm(file, { force: true });
      throw error;
    }
  }

  /** @returns {Picture[]} those that are one too many, the oldest first */
  surplus() {
    return [...this.#pictures.values()].slice(0, Math.max(this.#pictures.size - KEPT, 0));
  }

  /** @param {Picture} picture that is no longer kept, with its files */
  async remove({ id, file, surface }) {
    this.#pictures.delete(id);
    surface.close();
    await rm(file, { force: true });
  }

  /**
   * @param {unknown} id
   * @returns {Picture}
   */
  get(id) {
    const picture = this.#pictures.get(String(id));
    if (picture === undefined) throw new HttpError(404, 'This picture is no longer open: open it again');
    return picture;
  }

  close() {
    for (const { surface } of this.#pictures.values()) surface.close();
  }
}

module.exports = { Pictures };

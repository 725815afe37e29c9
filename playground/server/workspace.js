// @ts-check
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** The one folder that the playground writes to; it goes when the playground or its process ends. */
class Workspace {
  #last = 0;
  #remove = () => fs.rmSync(this.folder, { recursive: true, force: true });

  constructor() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-playground-'));
    process.once('exit', this.#remove);
  }

  /**
   * A path that nothing is at yet.
   *
   * @param {string} [ending]
   */
  file(ending = '') {
    return path.join(this.folder, `${++this.#last}${ending}`);
  }

  /** @returns {string} a new folder */
  subfolder() {
    const folder = this.file();
    fs.mkdirSync(folder);
    return folder;
  }

  close() {
    process.off('exit', this.#remove);
    this.#remove();
  }
}

module.exports = { Workspace };

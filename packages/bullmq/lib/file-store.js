// @ts-check
'use strict';

const { randomUUID } = require('node:crypto');
const fs = require('node:fs/promises');
const path = require('node:path');
const { UpscalerError } = require('upscaler-node');

/**
 * Pictures in a folder that producers and workers share.
 *
 * @typedef {import('../index.js').Store} Store
 * @implements {Store}
 */
class FileStore {
  #root;

  /** @param {string} root */
  constructor(root) {
    this.#root = path.resolve(root);
  }

  /**
   * @param {string} key
   * @param {Uint8Array} bytes
   */
  async put(key, bytes) {
    const file = this.#file(key);
    await fs.mkdir(path.dirname(file), { recursive: true });
    // Beside it, then renamed: nobody reads half a file.
    const part = `${file}.${randomUUID()}.part`;
    try {
      await fs.writeFile(part, bytes, { flush: true });
      await fs.rename(part, file);
    } catch (error) {
      await fs.rm(part, { force: true });
      throw error;
    }
  }

  /** @param {string} key */
  async get(key) {
    try {
      return await fs.readFile(this.#file(key));
    } catch (cause) {
      if (cause instanceof UpscalerError) throw cause;
      throw new UpscalerError('ERR_UPSCALER_READ', `Could not read ${key} from the store`, { cause });
    }
  }

  /** @param {string} key */
  async delete(key) {
    await fs.rm(this.#file(key), { force: true });
  }

  /** @param {string} key */
  async version(key) {
    const { mtimeMs, size } = await fs.stat(this.#file(key)).catch((cause) => {
      throw new UpscalerError('ERR_UPSCALER_READ', `Could not read ${key} from the store`, { cause });
    });
    return `${mtimeMs} ${size}`;
  }

  /**
   * Removes what was written longer ago: `inputs` and `results` are never removed otherwise, since jobs may share them.
   *
   * @param {number} age milliseconds
   * @returns {Promise<number>} files removed
   */
  async prune(age) {
    let removed = 0;
    for (const folder of ['inputs', 'results']) {
      const files = await fs.readdir(path.join(this.#root, folder)).catch(() => []);
      for (const name of files) {
        const file = path.join(this.#root, folder, name);
        const { mtimeMs } = await fs.stat(file).catch(() => ({ mtimeMs: Infinity }));
        if (Date.now() - mtimeMs < age || mtimeMs === Infinity) continue;
        await fs.rm(file, { force: true });
        removed += 1;
      }
    }
    return removed;
  }

  /** @param {string} key */
  #file(key) {
    const file = path.resolve(this.#root, key);
    if (typeof key === 'string' && file.startsWith(this.#root + path.sep) && !key.includes('\0')) return file;
    throw new UpscalerError(
      'ERR_INVALID_ARG_VALUE',
      `Expected a key inside the store but received ${JSON.stringify(key)}`,
    );
  }
}

module.exports = { FileStore };

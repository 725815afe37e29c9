// @ts-check
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { HttpError } = require('./http-error');

/**
 * The models that the page offers: the default, the catalogue's and the user's own files; and the instances that run
 * them, a few at a time.
 *
 * @typedef {import('../../index.js')} Upscaler
 * @typedef {{ id: string, precision?: 'fp32' | 'int8', guard?: boolean }} Wanted `id` is `'default'`, a name of the catalogue or that of a file
 * @typedef {{ path: string, scale?: number, inputRange?: [number, number], outputRange?: [number, number] }} Definition
 * @typedef {{ id: string, name: string, definition: Definition, info: object, advice: string[] }} Own
 */

/** Loaded models that are kept. */
const LOADED = 4;

/** A file of these can be named as a model, the first of them first. */
const MAIN_FILES = ['.onnx', '.param', '.safetensors', '.pth', '.pt', '.json'];

const FAMILIES = path.join(__dirname, '..', '..', 'models');

class Models {
  /** Least recently used first. @type {Map<string, Upscaler>} */
  #loaded = new Map();
  /** @type {Map<string, Own>} */
  #own = new Map();
  #Upscaler;
  #limits;

  /**
   * @param {typeof import('../../index.js')} Upscaler
   * @param {{ limitInputPixels: number, limitOutputPixels: number }} limits
   */
  constructor(Upscaler, limits) {
    this.#Upscaler = Upscaler;
    this.#limits = limits;
  }

  /** @returns {object[]} what the catalogue's cards say */
  catalogue() {
    return this.#Upscaler.listModels().map((entry) => ({
      ...entry,
      install: entry.installed ? null : installLine(entry),
    }));
  }

  own() {
    return [...this.#own.values()].map(({ definition, ...shown }) => ({
      ...shown,
      definition: { ...definition, path: path.basename(definition.path) },
    }));
  }

  /**
   * An instance of a model, loaded when it is first asked for. It belongs to this object.
   *
   * @param {Wanted} wanted
   * @returns {Promise<Upscaler>}
   */
  async instance({ id, precision, guard }) {
    const key = JSON.stringify([id, precision, guard]);
    const found = this.#loaded.get(key) ?? this.#load(id, { precision, guard });
    this.#loaded.delete(key);
    this.#loaded.set(key, found);
    await this.#unloadSurplus();
    try {
      await found.ready;
    } catch (error) {
      this.#loaded.delete(key);
      throw error;
    }
    return found;
  }

  /**
   * @param {string} folder holding a file of the user's, and those that belong to it
   * @param {Omit<Definition, 'path'>} described what the user says of it
   * @returns {Promise<Own>}
   */
  async addOwn(folder, described) {
    const file = mainFile(folder);
    const definition = { path: path.join(folder, file), ...described };
    const upscaler = new this.#Upscaler({ model: definition, ...this.#limits });
    try {
      const info = await upscaler.getModel();
      const { modelDefinition, model, ...facts } = info;
      const own = {
        id: `file-${path.basename(folder)}`,
        name: file,
        definition,
        info: facts,
        advice: advise(info, described),
      };
      this.#own.set(own.id, own);
      return own;
    } finally {
      await upscaler.dispose();
    }
  }

  async close() {
    await Promise.all([...this.#loaded.values()].map((upscaler) => upscaler.dispose()));
    this.#loaded.clear();
  }

  /**
   * @param {string} id
   * @param {Omit<Wanted, 'id'>} options
   */
  #load(id, options) {
    const own = this.#own.get(id);
    if (
      own === undefined &&
      id !== 'default' &&
      !this.#Upscaler.listModels().some((entry) => entry.id === id)
    ) {
      // Anything else that names a model, such as a path of this machine, is not for pages to say.
      throw new HttpError(404, `There is no model called ${id} here`, 'ERR_UPSCALER_MODEL_NOT_FOUND');
    }
    const model = id === 'default' ? undefined : (own?.definition ?? id);
    return new this.#Upscaler({ model, ...options, ...this.#limits });
  }

  async #unloadSurplus() {
    for (const [key, upscaler] of this.#loaded) {
      if (this.#loaded.size <= LOADED) return;
      this.#loaded.delete(key);
      await upscaler.dispose();
    }
  }
}

/** @param {import('../../index.js').CatalogueEntry} entry */
function installLine({ family, package: name }) {
  const inClone = fs.existsSync(path.join(FAMILIES, family, 'package.json'));
  return inClone ? `npm run models -- ${family}` : `npm install ${name}`;
}

/** @param {string} folder */
function mainFile(folder) {
  const files = fs.readdirSync(folder);
  for (const ending of MAIN_FILES) {
    const found = files.find((file) => file.toLowerCase().endsWith(ending));
    if (found !== undefined) return found;
  }
  throw new HttpError(
    422,
    `Expected one of ${MAIN_FILES.join(', ')} but found ${files.join(', ') || 'no file'}`,
  );
}

/**
 * What the user had better say of a file, or know.
 *
 * @param {import('../../index.js').Model} info
 * @param {Omit<Definition, 'path'>} described
 */
function advise({ inputRange, halo, fixedSize, scale }, described) {
  const advice = [];
  if (described.inputRange === undefined) {
    advice.push(
      `Its values are taken for ${inputRange.join('..')}. Black, white or pale results mean another range.`,
    );
  }
  if (fixedSize !== undefined)
    advice.push(`It takes ${fixedSize.join(' x ')} pixels only: tiles of this size overlap.`);
  else if (halo === null)
    advice.push('Each pixel depends on the whole picture, which runs at once: large ones take much memory.');
  if (scale === 1) advice.push('It restores a picture at its own size.');
  return advice;
}

module.exports = { Models };

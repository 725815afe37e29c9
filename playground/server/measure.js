// @ts-check
'use strict';

const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { HttpError, toHttpError } = require('./http-error');

/**
 * A picture as ground truth: it is made smaller, every chosen model makes it as large again, and what comes out is
 * compared with it.
 *
 * @typedef {{ width: number, height: number, data: Uint8Array }} Rgb
 * @typedef {import('./models').Wanted} Wanted
 */

/** Of larger pictures the middle is taken. */
const MOST_PIXELS = 2e6;

/** The smallest side of a reduced picture that says something. */
const LEAST_SIDE = 24;

/** Filters that are always measured beside the models. */
const FILTERS = ['bicubic', 'lanczos'];

/**
 * @param {import('./surface').Surface} surface of the picture
 * @param {{ models: Wanted[], scale: number, quality?: number }} request quality: of a JPEG that the reduced picture is
 *   saved as, 1..100; without it, it stays clean
 * @param {{
 *   models: import('./models').Models,
 *   decoder: ReturnType<typeof import('./decode').createDecoder>,
 *   signal: AbortSignal,
 *   emit: (event: object) => void,
 * }} parts
 */
async function measure(surface, { models: wanted, scale, quality }, { models, decoder, signal, emit }) {
  check(wanted, scale, quality);
  const truth = middle(surface, scale);
  const [width, height] = [truth.width / scale, truth.height / scale];
  if (Math.min(width, height) < LEAST_SIDE) {
    throw new HttpError(
      422,
      `Expected a picture of at least ${LEAST_SIDE * scale} pixels a side but found ${surface.width} x ${surface.height}`,
    );
  }
  const calculator = new Calculator(truth, scale);
  signal.addEventListener('abort', () => calculator.stop());
  try {
    const reduced = await calculator.resize(truth, width, height, 'bicubic');
    const png = await decoder.encode(
      { ...reduced, channels: 3 },
      quality === undefined ? { format: 'png' } : { format: 'jpeg', quality },
    );
    const input = toRgb(await decoder.decode(png));
    emit({
      type: 'truth',
      width: truth.width,
      height: truth.height,
      cropped: truth.width * truth.height < (surface.width - scale) * (surface.height - scale),
      reduced: { width, height, bytes: png.length },
    });
    for (const id of FILTERS) {
      emit({ type: 'row', id, ...(await calculator.filter(input, id)) });
    }
    for (const model of wanted) {
      signal.throwIfAborted();
      emit({ type: 'started', id: model.id });
      emit({
        type: 'row',
        ...model,
        ...(await measureModel(model, png, truth, { models, calculator, signal })),
      });
    }
  } finally {
    await calculator.stop();
  }
}

/**
 * @param {unknown} wanted
 * @param {unknown} scale
 * @param {unknown} quality
 */
function check(wanted, scale, quality) {
  if (!Array.isArray(wanted) || wanted.length > 64 || wanted.some((each) => typeof each?.id !== 'string')) {
    throw new HttpError(400, 'Expected a list of models');
  }
  if (!Number.isInteger(scale) || Number(scale) < 2 || Number(scale) > 8)
    throw new HttpError(400, 'Expected a whole scale from 2 to 8');
  if (
    quality !== undefined &&
    !(Number.isInteger(quality) && Number(quality) >= 1 && Number(quality) <= 100)
  ) {
    throw new HttpError(400, 'Expected a quality from 1 to 100');
  }
}

/**
 * @param {Wanted} model
 * @param {Buffer} picture
 * @param {Rgb} truth
 * @param {{ models: import('./models').Models, calculator: Calculator, signal: AbortSignal }} parts
 */
async function measureModel(model, picture, { width, height }, { models, calculator, signal }) {
  try {
    const upscaler = await models.instance(model);
    const { data, info } = await upscaler.upscale(picture, {
      width,
      height,
      fit: 'fill',
      output: 'raw',
      depth: 8,
      alpha: 'remove',
      signal,
      resolveWithObject: true,
    });
    return { ran: info.model, durationMs: info.durationMs, ...(await calculator.compare(toRgb(data))) };
  } catch (error) {
    signal.throwIfAborted();
    const { message, code } = toHttpError(error);
    return { error: { message, code } };
  }
}

/**
 * The picture without alpha, cut to a multiple of the scale; of a large one, its middle.
 *
 * @param {import('./surface').Surface} surface
 * @param {number} scale
 * @returns {Rgb}
 */
function middle(surface, scale) {
  const share = Math.min(Math.sqrt(MOST_PIXELS / (surface.width * surface.height)), 1);
  const [width, height] = [surface.width, surface.height].map(
    (side) => Math.floor((side * share) / scale) * scale,
  );
  const [left, top] = [Math.floor((surface.width - width) / 2), Math.floor((surface.height - height) / 2)];
  const data = new Uint8Array(width * height * 3);
  const rgba = surface.area(left, top, width, height);
  for (let i = 0, to = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3];
    for (let c = 0; c < 3; c++)
      data[to++] = alpha === 255 ? rgba[i + c] : 255 + ((rgba[i + c] - 255) * alpha) / 255;
  }
  return { width, height, data };
}

/** @param {import('./surface').Pixels} pixels @returns {Rgb} grey in all three channels */
function toRgb({ width, height, channels, data }) {
  if (channels === 3) return { width, height, data: Uint8Array.from(data) };
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = data[i * channels + (channels < 3 ? 0 : c)];
  }
  return { width, height, data: rgb };
}

/** Filters and compares in a thread of its own, so that the page is served meanwhile. */
class Calculator {
  #worker;
  /** Of the question that is being answered. @type {{ resolve: (answer: any) => void, reject: (error: unknown) => void } | undefined} */
  #asked;

  /**
   * @param {Rgb} truth
   * @param {number} border
   */
  constructor(truth, border) {
    this.#worker = new Worker(path.join(__dirname, 'calculator.js'), { workerData: { truth, border } });
    this.#worker.on('message', (answer) => this.#asked?.resolve(answer));
    this.#worker.on('error', (error) => this.#asked?.reject(error));
    this.#worker.on('exit', () => this.#asked?.reject(new HttpError(499, 'The measurement was stopped')));
  }

  /** @param {Rgb} picture @param {number} width @param {number} height @param {string} filter @returns {Promise<Rgb>} */
  resize(picture, width, height, filter) {
    return this.#ask({ task: 'resize', picture, width, height, filter });
  }

  /** @param {Rgb} input @param {string} filter @returns {Promise<object>} how near the filter comes, and how long it takes */
  filter(input, filter) {
    return this.#ask({ task: 'filter', picture: input, filter });
  }

  /** @param {Rgb} picture @returns {Promise<object>} */
  compare(picture) {
    return this.#ask({ task: 'compare', picture });
  }

  stop() {
    return this.#worker.terminate();
  }

  /** @param {object} message @returns {Promise<any>} */
  #ask(message) {
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      this.#worker.postMessage(message);
    });
  }
}

module.exports = { measure };

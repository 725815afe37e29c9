// @ts-check
'use strict';

const { cut } = require('./canvas');
const { lanczos } = require('./lanczos');

/**
 * The same part of a picture through several models.
 *
 * @typedef {import('./canvas').Pixels} Pixels
 * @typedef {{ x: number, y: number, width: number, height: number }} Part in input pixels
 * @typedef {{
 *   model: string,
 *   pixels?: Pixels,
 *   ms?: number,
 *   wholeMs?: number,
 *   megapixelsPerSecond?: number,
 *   modelBytes?: number,
 *   error?: { code?: string, message: string },
 * }} Trial `ms`: of the part with its surroundings; `wholeMs`: what the whole picture would take at this rate
 */

/** Pixels around the part that networks see too, and that are cut off afterwards. */
const SURROUNDINGS = 32;

/**
 * @param {Pixels} picture
 * @param {Part} part
 * @param {number} scale
 * @returns {Trial}
 */
function resampled(picture, part, scale) {
  const around = surroundingsOf(part, picture);
  const given = cut(picture, around);
  const [width, height] = [given.width, given.height].map((side) => Math.round(side * scale));
  return { model: 'Lanczos', pixels: cutBack(lanczos(given, width, height), part, around, scale) };
}

/**
 * @param {string} model as the constructor takes it
 * @param {Pixels} picture
 * @param {Part} part
 * @param {number} scale
 * @returns {Promise<Trial>} never rejects: what went wrong is one of the results
 */
async function upscaled(model, picture, part, scale) {
  const Upscaler = require('../../index.js');
  const around = surroundingsOf(part, picture);
  const upscaler = new Upscaler({ model });
  try {
    const { sizeBytes } = await upscaler.getModel();
    await upscaler.warmup(64);
    const { data, info } = await upscaler.upscale(cut(picture, around), {
      output: 'raw',
      depth: 8,
      scale,
      resolveWithObject: true,
    });
    const ms = info.durationMs;
    const pixels = /** @type {Pixels} */ ({ ...data, channels: 3 });
    return {
      model,
      pixels: cutBack(pixels, part, around, scale),
      ms,
      wholeMs: (ms * picture.width * picture.height) / (around.width * around.height),
      megapixelsPerSecond: (info.width * info.height) / 1e3 / ms,
      modelBytes: sizeBytes,
    };
  } catch (error) {
    const { code, message } = /** @type {Error & { code?: string }} */ (error);
    return { model, error: { code, message } };
  } finally {
    await upscaler.dispose();
  }
}

/**
 * @param {Part} part
 * @param {{ width: number, height: number }} picture
 * @returns {Part}
 */
function surroundingsOf({ x, y, width, height }, picture) {
  const [left, top] = [Math.max(0, x - SURROUNDINGS), Math.max(0, y - SURROUNDINGS)];
  const right = Math.min(picture.width, x + width + SURROUNDINGS);
  const bottom = Math.min(picture.height, y + height + SURROUNDINGS);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/**
 * @param {Pixels} pixels of the part with its surroundings
 * @param {Part} part
 * @param {Part} around
 * @param {number} scale
 */
function cutBack(pixels, part, around, scale) {
  return cut(pixels, {
    x: Math.min(Math.round((part.x - around.x) * scale), pixels.width - Math.round(part.width * scale)),
    y: Math.min(Math.round((part.y - around.y) * scale), pixels.height - Math.round(part.height * scale)),
    width: Math.round(part.width * scale),
    height: Math.round(part.height * scale),
  });
}

module.exports = { resampled, upscaled };

'use strict';

const path = require('node:path');
const sharp = require('sharp');

const IMAGES = path.join(__dirname, '..', '..', 'examples', 'images');

/** A network that doubles pixels: what it gives is what was read. */
const NEAREST = path.join(__dirname, '..', 'fixtures', 'ncnn', 'nearest-2x.param');

/** @typedef {{ data: Uint8Array, width: number, height: number, channels: number }} Pixels */

/**
 * A piece of one of the example pictures, decoded by sharp.
 *
 * @param {string} name
 * @param {{ left: number, top: number, width: number, height: number }} region
 * @returns {Promise<Pixels>}
 */
async function photo(name, region) {
  return decode(await sharp(path.join(IMAGES, name)).extract(region).png().toBuffer());
}

/**
 * What sharp reads from a file: 8-bit samples as they are stored, alpha and grey as they are.
 *
 * @param {Buffer} file
 * @returns {Promise<Pixels>}
 */
async function decode(file) {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height, channels: info.channels };
}

/**
 * A picture with structure everywhere, the same at every run.
 *
 * @param {number} width
 * @param {number} height
 * @param {number} channels
 * @returns {Pixels}
 */
function pattern(width, height, channels) {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    data[i] = 128 + 70 * Math.sin((x + c * 5) / 3.1) + 50 * Math.cos((y * (c + 1)) / 4.7);
  }
  return { data, width, height, channels };
}

/**
 * @param {Pixels} pixels
 * @returns {{ data: Float32Array, shape: [number, number, number] }}
 */
function toTensor({ data, width, height, channels }) {
  return { data: Float32Array.from(data), shape: [height, width, channels] };
}

/**
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
function largestDifference(a, b) {
  if (a.length !== b.length) throw new Error(`Expected ${b.length} values but found ${a.length}`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    // Not Math.max: a NaN is the largest difference there is.
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

/**
 * Peak signal-to-noise ratio of 8-bit samples in dB.
 *
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
function psnr(a, b) {
  if (a.length !== b.length) throw new Error(`Expected ${b.length} values but found ${a.length}`);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.length));
}

/**
 * What an instance whose model is NEAREST reads from an image: one of the four pixels that each became.
 *
 * @param {import('../../index.js')} doubler
 * @param {any} image
 * @param {object} [options]
 */
async function readWith(doubler, image, options) {
  const doubled = await doubler.upscale(image, { output: 'raw', ...options });
  const [width, height, channels] = [doubled.width / 2, doubled.height / 2, doubled.channels];
  const Samples = doubled.data instanceof Uint16Array ? Uint16Array : Uint8Array;
  const data = new Samples(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(pixel(doubled, 2 * x, 2 * y), (y * width + x) * channels);
  }
  return { data, width, height, channels };
}

/**
 * The picture as RGBA, with black wherever nothing is to be seen: what colour lies there is nobody's promise.
 *
 * @param {Pixels} pixels
 */
function visible(pixels) {
  const { width, height } = pixels;
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const samples = pixel(pixels, x, y);
      const alpha = samples.length % 2 === 0 ? samples.pop() : 255;
      const colour = samples.length === 1 ? Array(3).fill(samples[0]) : samples;
      data.set(alpha === 0 ? [0, 0, 0, 0] : [...colour, alpha], (y * width + x) * 4);
    }
  }
  return data;
}

/**
 * The value of a pixel.
 *
 * @param {{ data: ArrayLike<number>, width: number, channels: number }} pixels
 * @param {number} x
 * @param {number} y
 */
function pixel({ data, width, channels }, x, y) {
  return Array.from({ length: channels }, (_, c) => data[(y * width + x) * channels + c]);
}

module.exports = {
  IMAGES,
  NEAREST,
  photo,
  decode,
  pattern,
  toTensor,
  largestDifference,
  psnr,
  readWith,
  visible,
  pixel,
};

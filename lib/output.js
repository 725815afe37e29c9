// @ts-check
'use strict';

/**
 * @typedef {import('./native').NativePixels} NativePixels
 * @typedef {import('./native').NativeResult} NativeResult
 * @typedef {import('./options').Output} Output
 */

/**
 * The addon's pixels in the form that was asked for.
 *
 * @param {NativePixels & { format?: string }} pixels
 * @param {Output} output
 */
function toOutput(pixels, output) {
  const { data, width, height, channels } = pixels;
  switch (output) {
    case 'tensor':
      return { data, shape: [height, width, channels] };
    case 'raw':
      return {
        data: data.byteLength > width * height * channels ? asUint16(data) : data,
        width,
        height,
        channels,
      };
    case 'base64':
      return `data:image/${pixels.format ?? 'png'};base64,${asBuffer(data).toString('base64')}`;
    default:
      return asBuffer(data);
  }
}

/**
 * What a call resolves with: the picture, or the picture and what is known of it.
 *
 * @param {NativeResult} result
 * @param {Output} output
 * @param {boolean} resolveWithObject
 */
function toResult(result, output, resolveWithObject) {
  const data = toOutput(result, output);
  if (!resolveWithObject) return data;
  const { width, height, channels, model, durationMs, guarded, drawn, stages, pages } = result;
  const format = result.format ?? output;
  const size = result.data.byteLength;
  const info = { width, height, channels, format, size, model, durationMs, guarded, drawn, stages, pages };
  return { data, info };
}

/**
 * What a call resolves with whose result is a stream: its size and how long it took are not known yet.
 *
 * @param {import('./result-stream').ResultStream} stream
 * @param {import('./native').NativeStreamHeader} header
 * @param {boolean} resolveWithObject
 */
function toStreamResult(stream, { width, height, channels, format, model }, resolveWithObject) {
  return resolveWithObject ? { data: stream, info: { width, height, channels, format, model } } : stream;
}

/** @param {NativePixels['data']} data */
function asBuffer(data) {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** @param {NativePixels['data']} data 16-bit samples in the machine's order, copied only where not aligned */
function asUint16(data) {
  const { buffer, byteOffset, byteLength } =
    data.byteOffset % 2 === 0 ? data : new Uint8Array(asBuffer(data));
  return new Uint16Array(buffer, byteOffset, byteLength / 2);
}

module.exports = { toOutput, toResult, toStreamResult };

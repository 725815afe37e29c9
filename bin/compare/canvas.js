// @ts-check
'use strict';

/**
 * An RGB picture to draw on.
 *
 * @typedef {[number, number, number]} Colour 0..255
 * @typedef {{ data: Uint8Array, width: number, height: number, channels: 3 }} Pixels
 */
class Canvas {
  /**
   * @param {number} width
   * @param {number} height
   * @param {Colour} colour
   */
  constructor(width, height, colour) {
    this.width = width;
    this.height = height;
    this.channels = /** @type {const} */ (3);
    this.data = new Uint8Array(width * height * 3);
    this.fill(0, 0, width, height, colour);
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   * @param {Colour} colour
   */
  fill(x, y, width, height, colour) {
    for (let row = Math.max(0, y); row < Math.min(this.height, y + height); row++) {
      for (let column = Math.max(0, x); column < Math.min(this.width, x + width); column++) {
        this.data.set(colour, 3 * (row * this.width + column));
      }
    }
  }

  /**
   * @param {Pixels} pixels
   * @param {number} x
   * @param {number} y
   */
  draw({ data, width, height }, x, y) {
    for (let row = 0; row < Math.min(height, this.height - y); row++) {
      const kept = Math.min(width, this.width - x);
      this.data.set(
        data.subarray(3 * row * width, 3 * (row * width + kept)),
        3 * ((y + row) * this.width + x),
      );
    }
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {Colour} colour
   * @param {number} share of the colour, 0..1; the rest is what was there
   */
  blend(x, y, colour, share) {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = 3 * (y * this.width + x);
    for (let c = 0; c < 3; c++) this.data[at + c] += Math.round(share * (colour[c] - this.data[at + c]));
  }
}

/**
 * A part of a picture.
 *
 * @param {Pixels} pixels
 * @param {{ x: number, y: number, width: number, height: number }} part within it
 * @returns {Pixels}
 */
function cut(pixels, { x, y, width, height }) {
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const start = 3 * ((y + row) * pixels.width + x);
    data.set(pixels.data.subarray(start, start + 3 * width), 3 * row * width);
  }
  return { data, width, height, channels: 3 };
}

module.exports = { Canvas, cut };

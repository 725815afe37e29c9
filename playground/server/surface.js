// @ts-check
'use strict';

const fs = require('node:fs');
const { setImmediate: pause } = require('node:timers/promises');

/**
 * A picture as the page looks at it: tiles of RGBA at full size and at every half of it down to one tile, in one
 * temporary file. Nothing of it is held in memory, it can be written piece by piece while a network runs, and what was
 * not written is transparent.
 *
 * @typedef {{ width: number, height: number, channels: number, data: ArrayLike<number> }} Pixels rows of 1 to 4
 *   interleaved channels, 8 or 16 bits
 * @typedef {{ width: number, height: number, columns: number, rows: number, offset: number }} Level
 */

/** Side of a tile in pixels. */
const TILE = 256;
const TILE_BYTES = TILE * TILE * 4;

class Surface {
  /** @type {Level[]} full size first */
  levels;
  #file;
  #descriptor;

  /**
   * @param {string} file
   * @param {number} width in pixels
   * @param {number} height
   */
  constructor(file, width, height) {
    this.width = width;
    this.height = height;
    this.levels = levelsOf(width, height);
    this.#file = file;
    this.#descriptor = fs.openSync(file, 'w+', 0o600);
  }

  /**
   * Puts pixels at a place and brings the smaller levels up to date. What lies outside is left out.
   *
   * @param {number} left
   * @param {number} top
   * @param {Pixels} pixels
   */
  write(left, top, pixels) {
    const right = Math.min(left + pixels.width, this.width);
    const bottom = Math.min(top + pixels.height, this.height);
    /** @type {number[][]} */
    let touched = [];
    for (let y = Math.floor(top / TILE); y * TILE < bottom; y++) {
      for (let x = Math.floor(left / TILE); x * TILE < right; x++) {
        const tile = this.#read(0, x, y);
        paste(tile, pixels, left - x * TILE, top - y * TILE);
        this.#write(0, x, y, tile);
        touched.push([x, y]);
      }
    }
    for (let level = 1; level < this.levels.length; level++) {
      const parents = new Set(touched.map(([x, y]) => `${x >> 1},${y >> 1}`));
      touched = [...parents].map((parent) => parent.split(',').map(Number));
      for (const [x, y] of touched) this.#write(level, x, y, this.#reduce(level, x, y));
    }
  }

  /**
   * Puts a whole picture there, in bands, between which others have their turn.
   *
   * @param {Pixels} pixels of this size
   */
  async fill(pixels) {
    const { width, height, channels, data } = pixels;
    const row = width * channels;
    const bytes = /** @type {Uint8Array} */ (data);
    for (let y = 0; y < height && !this.closed; y += TILE) {
      const rows = Math.min(TILE, height - y);
      this.write(0, y, { width, height: rows, channels, data: bytes.subarray(y * row, (y + rows) * row) });
      await pause();
    }
  }

  /**
   * @param {number} level 0 for full size, 1 for half of it, …
   * @param {number} x column of the tile
   * @param {number} y row of the tile
   * @returns {Buffer | undefined} RGBA, 256 x 256; `undefined` where there is no such tile
   */
  tile(level, x, y) {
    const found = this.levels[level];
    if (found === undefined || !(x >= 0 && x < found.columns && y >= 0 && y < found.rows)) return undefined;
    return this.#read(level, x, y);
  }

  /**
   * @param {number} left
   * @param {number} top
   * @param {number} width
   * @param {number} height
   * @returns {Uint8Array} RGBA at full size, rows from left to right
   */
  area(left, top, width, height) {
    const out = new Uint8Array(width * height * 4);
    const [right, bottom] = [left + width, top + height];
    for (let row = Math.floor(top / TILE); row * TILE < bottom; row++) {
      for (let column = Math.floor(left / TILE); column * TILE < right; column++) {
        const tile = this.#read(0, column, row);
        const [from, to] = [Math.max(left, column * TILE), Math.min(right, (column + 1) * TILE)];
        for (let y = Math.max(top, row * TILE); y < Math.min(bottom, (row + 1) * TILE); y++) {
          const at = ((y - row * TILE) * TILE + from - column * TILE) * 4;
          out.set(tile.subarray(at, at + (to - from) * 4), ((y - top) * width + from - left) * 4);
        }
      }
    }
    return out;
  }

  get closed() {
    return this.#descriptor === -1;
  }

  close() {
    if (this.closed) return;
    fs.closeSync(this.#descriptor);
    this.#descriptor = -1;
    fs.rmSync(this.#file, { force: true });
  }

  /**
   * @param {number} level
   * @param {number} x
   * @param {number} y
   */
  #read(level, x, y) {
    const tile = Buffer.alloc(TILE_BYTES);
    if (!this.closed) fs.readSync(this.#descriptor, tile, 0, TILE_BYTES, this.#position(level, x, y));
    return tile;
  }

  /**
   * @param {number} level
   * @param {number} x
   * @param {number} y
   * @param {Buffer} tile
   */
  #write(level, x, y, tile) {
    if (!this.closed) fs.writeSync(this.#descriptor, tile, 0, TILE_BYTES, this.#position(level, x, y));
  }

  /**
   * @param {number} level
   * @param {number} x
   * @param {number} y
   */
  #position(level, x, y) {
    const { offset, columns } = this.levels[level];
    return offset + (y * columns + x) * TILE_BYTES;
  }

  /**
   * @param {number} level
   * @param {number} x
   * @param {number} y
   */
  #reduce(level, x, y) {
    const tile = Buffer.alloc(TILE_BYTES);
    const below = this.levels[level - 1];
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ]) {
      const [column, row] = [2 * x + dx, 2 * y + dy];
      if (column >= below.columns || row >= below.rows) continue;
      halve(tile, this.#read(level - 1, column, row), dx * (TILE / 2), dy * (TILE / 2));
    }
    return tile;
  }
}

/**
 * @param {number} width
 * @param {number} height
 * @returns {Level[]}
 */
function levelsOf(width, height) {
  const levels = [];
  let offset = 0;
  for (let [w, h] = [width, height]; ; [w, h] = [Math.ceil(w / 2), Math.ceil(h / 2)]) {
    const [columns, rows] = [Math.ceil(w / TILE), Math.ceil(h / TILE)];
    levels.push({ width: w, height: h, columns, rows, offset });
    offset += columns * rows * TILE_BYTES;
    if (columns === 1 && rows === 1) return levels;
  }
}

/**
 * @param {Buffer} tile
 * @param {Pixels} pixels
 * @param {number} left of the pixels, from the tile's corner
 * @param {number} top
 */
function paste(tile, { width, height, channels, data }, left, top) {
  const [fromX, toX] = [Math.max(left, 0), Math.min(left + width, TILE)];
  const [fromY, toY] = [Math.max(top, 0), Math.min(top + height, TILE)];
  const shift = data instanceof Uint16Array ? 8 : 0;
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  const alpha = channels % 2 === 0 ? channels - 1 : -1;
  for (let y = fromY; y < toY; y++) {
    let from = ((y - top) * width + fromX - left) * channels;
    let to = (y * TILE + fromX) * 4;
    for (let x = fromX; x < toX; x++, from += channels, to += 4) {
      tile[to] = data[from] >> shift;
      tile[to + 1] = data[from + green] >> shift;
      tile[to + 2] = data[from + blue] >> shift;
      tile[to + 3] = alpha < 0 ? 255 : data[from + alpha] >> shift;
    }
  }
}

/**
 * Averages squares of four pixels, colours weighted with their alpha.
 *
 * @param {Buffer} target
 * @param {Buffer} source
 * @param {number} left in the target
 * @param {number} top
 */
function halve(target, source, left, top) {
  const row = TILE * 4;
  for (let y = 0; y < TILE / 2; y++) {
    let to = ((top + y) * TILE + left) * 4;
    for (let a = 2 * y * row; a < (2 * y + 1) * row; a += 8, to += 4) {
      const [b, c, d] = [a + 4, a + row, a + row + 4];
      const [aa, ab, ac, ad] = [source[a + 3], source[b + 3], source[c + 3], source[d + 3]];
      const sum = aa + ab + ac + ad;
      if (sum === 0) continue;
      for (let i = 0; i < 3; i++) {
        const colour = source[a + i] * aa + source[b + i] * ab + source[c + i] * ac + source[d + i] * ad;
        target[to + i] = colour / sum + 0.5;
      }
      // At the border of a picture fewer than four pixels are there; of those, alpha is the mean.
      const there = (aa > 0 ? 1 : 0) + (ab > 0 ? 1 : 0) + (ac > 0 ? 1 : 0) + (ad > 0 ? 1 : 0);
      target[to + 3] = sum === 255 * there ? 255 : sum / 4 + 0.5;
    }
  }
}

module.exports = { Surface, TILE, TILE_BYTES };

// @ts-check
'use strict';

const path = require('node:path');

/**
 * Text in pictures: characters are cells of glyphs.png, which scripts/label-glyphs.mjs makes.
 *
 * @typedef {import('./canvas').Canvas} Canvas
 */

/** ASCII's visible characters, and a few more. */
const CHARACTERS = `${String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i))}×·≈…→`;
const COLUMNS = 20;
const CELL = { width: 9, height: 19 };
const WEIGHTS = /** @type {const} */ (['normal', 'bold']);
const FILE = path.join(__dirname, 'glyphs.png');

/**
 * @typedef {{ data: Uint8Array, width: number }} Glyphs coverage, 0..255
 * @param {import('./codec').Codec} codec
 * @returns {Promise<Glyphs>}
 */
async function readGlyphs(codec) {
  const { data, width, height } = await codec.decode(FILE);
  return { data: Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]), width };
}

/**
 * @param {Canvas} canvas
 * @param {Glyphs} glyphs
 * @param {string} text what no glyph is there for becomes a question mark
 * @param {{ x: number, y: number, colour: [number, number, number], weight?: 'normal' | 'bold', columns?: number }} style
 *   `x`, `y`: of the upper left corner. `columns`: the most characters that are drawn
 */
function drawText(canvas, glyphs, text, { x, y, colour, weight = 'normal', columns = Infinity }) {
  const shown = text.length > columns ? `${text.slice(0, Math.max(0, columns - 1))}…` : text;
  // Letters with diacritics are shown without them.
  const plain = shown.normalize('NFD').replace(/\p{M}/gu, '');
  [...plain].forEach((character, i) => {
    const found = CHARACTERS.indexOf(character);
    const index = found < 0 ? CHARACTERS.indexOf('?') : found;
    drawGlyph(canvas, glyphs, { index, weight }, { x: x + i * CELL.width, y, colour });
  });
}

/**
 * @param {Canvas} canvas
 * @param {Glyphs} glyphs
 * @param {{ index: number, weight: 'normal' | 'bold' }} glyph
 * @param {{ x: number, y: number, colour: [number, number, number] }} place
 */
function drawGlyph(canvas, { data, width }, { index, weight }, { x, y, colour }) {
  const block = WEIGHTS.indexOf(weight) * Math.ceil(CHARACTERS.length / COLUMNS);
  const left = (index % COLUMNS) * CELL.width;
  const top = (block + Math.floor(index / COLUMNS)) * CELL.height;
  for (let row = 0; row < CELL.height; row++) {
    for (let column = 0; column < CELL.width; column++) {
      const coverage = data[(top + row) * width + left + column] / 255;
      if (coverage > 0) canvas.blend(x + column, y + row, colour, coverage);
    }
  }
}

module.exports = { CHARACTERS, COLUMNS, CELL, WEIGHTS, readGlyphs, drawText };

// @ts-check
'use strict';

const { wrap } = require('../terminal/text');
const { Canvas } = require('./canvas');
const { CELL, drawText, readGlyphs } = require('./glyphs');
const { LABEL_LINES, labelsOf } = require('./labels');

/**
 * A sheet as a picture: the trials in a grid, with their labels under them.
 *
 * @typedef {import('./trials').Trial} Trial
 * @typedef {{ title: string, cell: { width: number, height: number } }} Layout
 */

const MARGIN = 20;
const GAP = 16;
const LABEL_HEIGHT = LABEL_LINES * CELL.height + 8;
const TITLE_HEIGHT = CELL.height + 14;
/** @type {Record<'paper' | 'ink' | 'grey' | 'empty' | 'red', [number, number, number]>} */
const COLOURS = {
  paper: [250, 250, 248],
  ink: [28, 28, 30],
  grey: [104, 104, 110],
  empty: [226, 226, 224],
  red: [176, 32, 32],
};

/**
 * @param {Trial[]} trials
 * @param {Layout} layout `cell`: the size of each picture
 * @param {import('./codec').Codec} codec
 * @returns {Promise<Canvas>}
 */
async function drawSheet(trials, { title, cell }, codec) {
  const glyphs = await readGlyphs(codec);
  const columns = columnsFor(trials.length, cell);
  const rows = Math.ceil(trials.length / columns);
  const [stepX, stepY] = [cell.width + GAP, cell.height + LABEL_HEIGHT + GAP];
  const width = 2 * MARGIN + columns * stepX - GAP;
  const canvas = new Canvas(width, 2 * MARGIN + TITLE_HEIGHT + rows * stepY - GAP, COLOURS.paper);
  const fitting = (/** @type {number} */ pixels) => Math.floor(pixels / CELL.width);
  const { ink, grey, empty, red } = COLOURS;
  const drawReason = (
    /** @type {string} */ text,
    /** @type {{ x: number, y: number, columns: number }} */ place,
  ) => {
    const lines = wrap(text, place.columns).slice(0, fittingLines(cell.height - 2 * GAP));
    lines.forEach((line, i) =>
      drawText(canvas, glyphs, line, { ...place, y: place.y + i * CELL.height, colour: ink }),
    );
  };
  drawText(canvas, glyphs, title, {
    x: MARGIN,
    y: MARGIN,
    colour: ink,
    columns: fitting(width - 2 * MARGIN),
  });
  trials.forEach((trial, i) => {
    const x = MARGIN + (i % columns) * stepX;
    const y = MARGIN + TITLE_HEIGHT + Math.floor(i / columns) * stepY;
    if (trial.pixels === undefined) {
      canvas.fill(x, y, cell.width, cell.height, empty);
      drawReason(trial.error?.message ?? '', {
        x: x + GAP,
        y: y + GAP,
        columns: fitting(cell.width - 2 * GAP),
      });
    } else canvas.draw(trial.pixels, x, y);
    const below = y + cell.height + 6;
    labelsOf(trial).forEach((line, row) => {
      const colour = row === 0 ? ink : trial.error === undefined ? grey : red;
      const weight = row === 0 ? 'bold' : 'normal';
      drawText(canvas, glyphs, line, {
        x,
        y: below + row * CELL.height,
        colour,
        weight,
        columns: fitting(cell.width),
      });
    });
  });
  return canvas;
}

/** @param {number} pixels */
function fittingLines(pixels) {
  return Math.floor(pixels / CELL.height);
}

/**
 * As near to a screen's proportions as whole columns allow.
 *
 * @param {number} count
 * @param {{ width: number, height: number }} cell
 */
function columnsFor(count, cell) {
  const ideal = Math.sqrt((count * 1.6 * (cell.height + LABEL_HEIGHT)) / cell.width);
  return Math.min(count, Math.max(1, Math.round(ideal)));
}

module.exports = { drawSheet };

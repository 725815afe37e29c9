/** Contact sheets: parts of two results side by side, many on a page. */
import { createRequire } from 'node:module';

const sharp = createRequire(import.meta.url)('sharp');

/**
 * @typedef {import('./compare.mjs').Pixels} Pixels
 *
 * @typedef {object} Cell
 * @property {string} name
 * @property {number} far how far the two are from each other where they are farthest, 0..255
 * @property {[Buffer, Buffer]} parts PANE x PANE pixels, RGB
 */

const PANE = 150;
const [COLUMNS, GAP, LABEL, TITLE] = [5, 6, 13, 24];
const CELL = { width: 2 * PANE + GAP, height: PANE + LABEL + 4 };

/** Side of the squares over which differences are summed: less than a word, more than an edge. */
const BLOCK = 8;

/**
 * The part in which two results differ most.
 *
 * @param {Pixels} a
 * @param {Pixels} b of the same size
 * @returns {{ far: number, parts: [Buffer, Buffer] }}
 */
export function farthestPart(a, b) {
  let [far, left, top] = [-1, 0, 0];
  for (let y = 0; y < a.height; y += BLOCK) {
    for (let x = 0; x < a.width; x += BLOCK) {
      const found = difference(a, b, x, y);
      if (found > far) [far, left, top] = [found, x, y];
    }
  }
  const begin = (/** @type {number} */ place, /** @type {number} */ length) =>
    Math.max(0, Math.min(place + BLOCK / 2 - PANE / 2, length - PANE)) | 0;
  const [x, y] = [begin(left, a.width), begin(top, a.height)];
  return { far, parts: [part(a, x, y), part(b, x, y)] };
}

/** The mean difference of a block. */
function difference(a, b, left, top) {
  let [sum, count] = [0, 0];
  for (let y = top; y < Math.min(top + BLOCK, a.height); y++) {
    for (let at = (y * a.width + left) * 3; at < (y * a.width + Math.min(left + BLOCK, a.width)) * 3; at++) {
      sum += Math.abs(a.data[at] - b.data[at]);
      count += 1;
    }
  }
  return sum / count;
}

/** PANE x PANE pixels, grey where the picture ends. @param {Pixels} pixels */
function part({ data, width, height }, left, top) {
  const square = Buffer.alloc(PANE * PANE * 3, 160);
  // Pixels of a small picture are repeated, so that something is seen.
  const times = Math.max(1, Math.floor(PANE / Math.max(width, height)));
  for (let y = 0; y < Math.min(PANE, (height - top) * times); y++) {
    for (let x = 0; x < Math.min(PANE, (width - left) * times); x++) {
      const [column, row] = [left + Math.floor(x / times), top + Math.floor(y / times)];
      for (let c = 0; c < 3; c++) {
        const value = Math.round(data[(row * width + column) * 3 + c]);
        square[(y * PANE + x) * 3 + c] = Math.min(255, Math.max(0, value));
      }
    }
  }
  return square;
}

/**
 * @param {string} title
 * @param {Cell[]} cells
 * @returns {Promise<Buffer>} a PNG
 */
export async function sheet(title, cells) {
  const rows = Math.ceil(cells.length / COLUMNS);
  const width = COLUMNS * (CELL.width + GAP) + GAP;
  const height = TITLE + rows * (CELL.height + GAP);
  const raw = { width: PANE, height: PANE, channels: /** @type {const} */ (3) };
  const place = (/** @type {number} */ index) => ({
    left: GAP + (index % COLUMNS) * (CELL.width + GAP),
    top: TITLE + Math.floor(index / COLUMNS) * (CELL.height + GAP),
  });
  const layers = cells.flatMap(({ parts }, index) => {
    const { left, top } = place(index);
    return parts.map((input, n) => ({ input, raw, left: left + n * (PANE + 2), top: top + LABEL }));
  });
  const labels = cells.map(({ name, far }, index) => {
    const { left, top } = place(index);
    return `<text x="${left}" y="${top + 10}" font-size="10">${escaped(name)} · ${far.toFixed(0)}</text>`;
  });
  const text = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif"><text x="${GAP}" y="17" font-size="15">${escaped(title)}</text>${labels.join('')}</svg>`,
  );
  return sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
    .composite([...layers, { input: text, left: 0, top: 0 }])
    .png()
    .toBuffer();
}

const escaped = (/** @type {string} */ text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/**
 * `node scripts/label-glyphs.mjs`: the characters that label the sheets of `upscaler-node compare`,
 * bin/compare/glyphs.png: a grey picture of equal cells, white on black, first the regular and then the bold ones, in
 * the order of bin/compare/glyphs.js. It is made from DejaVu Sans Mono, a font with a free licence, which has to be
 * installed; the library itself draws no text.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import sharp from 'sharp';
import { ROOT } from './install.mjs';

const require = createRequire(import.meta.url);
const { CHARACTERS, COLUMNS, CELL, WEIGHTS } = require('../bin/compare/glyphs.js');

const FONT_SIZE = 15;
const BASELINE = 15;

const rows = Math.ceil(CHARACTERS.length / COLUMNS);
const glyphs = WEIGHTS.flatMap((weight, block) =>
  [...CHARACTERS].map((character, i) => {
    const x = (i % COLUMNS) * CELL.width;
    const y = (block * rows + Math.floor(i / COLUMNS)) * CELL.height + BASELINE;
    return `<text x="${x}" y="${y}" font-weight="${weight}">&#${character.codePointAt(0)};</text>`;
  }),
);
const [width, height] = [COLUMNS * CELL.width, WEIGHTS.length * rows * CELL.height];
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
<rect width="100%" height="100%" fill="black"/>
<g fill="white" font-family="DejaVu Sans Mono" font-size="${FONT_SIZE}" xml:space="preserve">${glyphs.join('')}</g>
</svg>`;
await sharp(Buffer.from(svg))
  .toColourspace('b-w')
  .png({ compressionLevel: 9, palette: true, colours: 16 })
  .toFile(path.join(ROOT, 'bin', 'compare', 'glyphs.png'));

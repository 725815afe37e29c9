/**
 * `node scripts/models/gallery.mjs`: the same parts of the same pictures through every model that is here, side by side
 * in docs/images/gallery.jpg.
 *
 * One part is of a clean photo, one of the same photo as a JPEG of quality 40. Each is enlarged four times, by as many
 * passes as that takes; restorers at 1x are shown enlarged by Lanczos.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import sharp from 'sharp';
import { ROOT } from '../install.mjs';

const require = createRequire(import.meta.url);
const Upscaler = require('../../index.js');
const { entries } = require('../../lib/catalogue');
const { locate } = require('../../lib/locate');

const PHOTO = path.join(ROOT, 'examples', 'images', 'chelsea.png');
/** An eye and the fur around it. */
const PART = { left: 112, top: 76, width: 64, height: 64 };
const QUALITY = 40;
const SCALE = 4;
const COLUMNS = 4;

const SIDE = PART.width * SCALE;
const [GAP, LABEL] = [6, 22];
const CELL = { width: 2 * SIDE + 3 * GAP, height: SIDE + LABEL + GAP };

const clean = await sharp(PHOTO).extract(PART).png().toBuffer();
// Compressed as a whole, so that the blocks lie where they would.
const compressed = await sharp(await sharp(PHOTO).jpeg({ quality: QUALITY }).toBuffer())
  .extract(PART)
  .png()
  .toBuffer();

const enlarged = (/** @type {Buffer} */ picture) =>
  sharp(picture).resize(SIDE, SIDE, { kernel: 'lanczos3' }).png().toBuffer();

const cells = [{ name: 'Lanczos', pictures: await Promise.all([clean, compressed].map(enlarged)) }];
for (const entry of entries) {
  if (locate(entry) === undefined) {
    console.error(`${entry.id} is not installed: left out`);
    continue;
  }
  const upscaler = new Upscaler({ model: entry.id });
  const pictures = [];
  for (const picture of [clean, compressed]) {
    const result = await upscaler.upscale(picture, entry.scale === 1 ? {} : { scale: SCALE });
    pictures.push(entry.scale === 1 ? await enlarged(result) : result);
  }
  await upscaler.dispose();
  cells.push({ name: entry.id, pictures });
  console.log(entry.id);
}

const [width, height] = [COLUMNS * CELL.width, Math.ceil(cells.length / COLUMNS) * CELL.height];
const place = (/** @type {number} */ index) => ({
  left: (index % COLUMNS) * CELL.width + GAP,
  top: Math.floor(index / COLUMNS) * CELL.height,
});
const labels = cells.map(({ name }, index) => {
  const { left, top } = place(index);
  return `<text x="${left}" y="${top + 16}" font-family="sans-serif" font-size="15" fill="#24292f">${name}</text>`;
});
const layers = cells.flatMap(({ pictures }, index) =>
  pictures.map((input, part) => {
    const { left, top } = place(index);
    return { input, left: left + part * (SIDE + GAP), top: top + LABEL };
  }),
);
const svg = Buffer.from(
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${labels.join('')}</svg>`,
);
await sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
  .composite([...layers, { input: svg, left: 0, top: 0 }])
  .jpeg({ quality: 84, mozjpeg: true })
  .toFile(path.join(ROOT, 'docs', 'images', 'gallery.jpg'));

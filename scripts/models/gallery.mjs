/**
 * `node scripts/models/gallery.mjs`: the same parts of the same pictures through the default and every model that is
 * here, side by side in docs/images/gallery.jpg.
 *
 * One part is of a clean photo, one the same as a JPEG of quality 40, one of a screenshot. Each is enlarged four
 * times, by as many passes as that takes; restorers at 1x are shown enlarged by Lanczos.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import sharp from 'sharp';
import { ROOT } from '../install.mjs';

const require = createRequire(import.meta.url);
const Upscaler = require('../../index.js');
const { entries } = require('../../lib/catalogue');
const { locate } = require('../../lib/locate');

const PART = 64;
const PHOTO = path.join(ROOT, 'examples', 'images', 'chelsea.png');
/** An eye and the fur around it. */
const EYE = { left: 112, top: 76, width: PART, height: PART };
const SCREENSHOT = path.join(ROOT, 'playground', 'samples', 'screenshot.png');
/** A heading and the names below. */
const LETTERS = { left: 10, top: 32, width: PART, height: PART };
const QUALITY = 40;
const SCALE = 4;
const COLUMNS = 3;

const SIDE = PART * SCALE;
const [GAP, LABEL] = [6, 22];

const eye = await sharp(PHOTO).extract(EYE).png().toBuffer();
const pictures = [
  eye,
  await sharp(eye).jpeg({ quality: QUALITY }).toBuffer(),
  await sharp(SCREENSHOT).extract(LETTERS).png().toBuffer(),
];
const CELL = { width: pictures.length * SIDE + (pictures.length + 1) * GAP, height: SIDE + LABEL + GAP };

const cells = [{ name: 'Lanczos', results: await Promise.all(pictures.map(enlarged)) }];
for (const { id, scale } of [{ id: 'default', scale: SCALE }, ...entries.filter(isHere)]) {
  cells.push({ name: id, results: await upscaled(id, scale) });
  console.log(id);
}
await sheet();

/** @param {Buffer} picture */
function enlarged(picture) {
  return sharp(picture).resize(SIDE, SIDE, { kernel: 'lanczos3' }).png().toBuffer();
}

/** @param {import('../../lib/catalogue/entry').Entry} entry */
function isHere(entry) {
  const here = locate(entry) !== undefined;
  if (!here) console.error(`${entry.id} is not installed: left out`);
  return here;
}

/**
 * @param {string} model
 * @param {number} scale the model's
 */
async function upscaled(model, scale) {
  const upscaler = new Upscaler({ model });
  const results = [];
  for (const picture of pictures) {
    const result = await upscaler.upscale(picture, { format: 'png', ...(scale !== 1 && { scale: SCALE }) });
    results.push(scale === 1 ? await enlarged(result) : result);
  }
  await upscaler.dispose();
  return results;
}

async function sheet() {
  const [width, height] = [COLUMNS * CELL.width, Math.ceil(cells.length / COLUMNS) * CELL.height];
  const place = (/** @type {number} */ index) => ({
    left: (index % COLUMNS) * CELL.width + GAP,
    top: Math.floor(index / COLUMNS) * CELL.height,
  });
  const labels = cells.map(({ name }, index) => {
    const { left, top } = place(index);
    return `<text x="${left}" y="${top + 16}" font-family="sans-serif" font-size="15" fill="#24292f">${name}</text>`;
  });
  const layers = cells.flatMap(({ results }, index) =>
    results.map((input, part) => {
      const { left, top } = place(index);
      return { input, left: left + part * (SIDE + GAP), top: top + LABEL };
    }),
  );
  const svg = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${labels.join('')}</svg>`,
  );
  await sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
    .composite([...layers, { input: svg, left: 0, top: 0 }])
    .jpeg({ quality: 78, mozjpeg: true })
    .toFile(path.join(ROOT, 'docs', 'images', 'gallery.jpg'));
}

/** `node scripts/pictures.mjs`: the README's comparison, docs/images/before-after.jpg, from examples/images. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from './install.mjs';

const require = createRequire(import.meta.url);
const { Upscaler } = require('../index.js');
const sharp = require('sharp');

const SCALE = 4;
const GAP = 8;
const WIDTH = 112;
const HEIGHT = 80;
/** What is looked at, in pixels of the photo. */
const DETAILS = [
  { photo: 'chelsea.png', left: 96, top: 62 },
  { photo: 'astronaut.png', left: 170, top: 60 },
];

const upscaler = new Upscaler({ model: 'span-4x' });
const parts = [];
for (const [row, { photo, left, top }] of DETAILS.entries()) {
  const region = { left, top, width: WIDTH, height: HEIGHT };
  const detail = await sharp(path.join(ROOT, 'examples', 'images', photo))
    .extract(region)
    .png()
    .toBuffer();
  const lanczos = await sharp(detail)
    .resize(WIDTH * SCALE, HEIGHT * SCALE, { kernel: 'lanczos3' })
    .png()
    .toBuffer();
  const ours = await upscaler.upscale(detail);
  const y = row * (HEIGHT * SCALE + GAP);
  parts.push({ input: lanczos, left: 0, top: y }, { input: ours, left: WIDTH * SCALE + GAP, top: y });
}
await upscaler.dispose();

const width = 2 * WIDTH * SCALE + GAP;
const height = DETAILS.length * (HEIGHT * SCALE + GAP) - GAP;
await sharp({ create: { width, height, channels: 3, background: 'white' } })
  .composite(parts)
  .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
  .toFile(path.join(ROOT, 'docs', 'images', 'before-after.jpg'));

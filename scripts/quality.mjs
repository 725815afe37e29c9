/**
 * `node scripts/quality.mjs <folder> [model...]`: PSNR on the Y channel (BT.601), as papers on super-resolution give
 * it, of pictures that went from PNG to PNG through the whole path.
 *
 * The folder holds `HR/`, the originals, and `x2/`, `x4/` and so on, the same pictures reduced; names agree up to a
 * suffix such as `x2`. Borders as wide as the scale are left out.
 */
import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const { Upscaler } = require('../index.js');
const sharp = require('sharp');

const [folder, ...models] = process.argv.slice(2);
if (folder === undefined) {
  console.error('Usage: node scripts/quality.mjs <folder with HR, x2, x4> [model...]');
  process.exit(1);
}
for (const model of models.length > 0 ? models : ['span-2x', 'span-4x']) await measure(model);

/** @param {string} model */
async function measure(model) {
  const upscaler = new Upscaler({ model });
  const { scale } = await upscaler.getModel();
  const originals = await readdir(path.join(folder, 'HR'));
  const reduced = await readdir(path.join(folder, `x${scale}`));
  const values = [];
  for (const name of originals.sort()) {
    const stem = path.parse(name).name;
    const input = reduced.find((file) => path.parse(file).name.startsWith(stem));
    const png = await upscaler.upscale(await readFile(path.join(folder, `x${scale}`, input)), {
      format: 'png',
    });
    const value = psnr(await luma(await readFile(path.join(folder, 'HR', name))), await luma(png), scale);
    values.push(value);
    console.log(`${model}  ${stem.padEnd(12)} ${value.toFixed(2)} dB`);
  }
  const mean = values.reduce((sum, value) => sum + value) / values.length;
  console.log(`${model}  ${'mean'.padEnd(12)} ${mean.toFixed(2)} dB`);
  await upscaler.dispose();
}

/**
 * Y of ITU-R BT.601 in 16..235, in floats, as MATLAB's rgb2ycbcr has it.
 *
 * @param {Buffer} file
 */
async function luma(file) {
  const { data, info } = await sharp(file)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const y = new Float64Array(info.width * info.height);
  for (let i = 0; i < y.length; i++) {
    const [r, g, b] = data.subarray(3 * i, 3 * i + 3);
    y[i] = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
  }
  return { y, width: info.width, height: info.height };
}

/**
 * @param {Awaited<ReturnType<typeof luma>>} original
 * @param {Awaited<ReturnType<typeof luma>>} found cut off where the original ends
 * @param {number} border in pixels
 */
function psnr(original, found, border) {
  const width = Math.min(original.width, found.width);
  const height = Math.min(original.height, found.height);
  let sum = 0;
  for (let y = border; y < height - border; y++) {
    for (let x = border; x < width - border; x++) {
      sum += (original.y[y * original.width + x] - found.y[y * found.width + x]) ** 2;
    }
  }
  return 10 * Math.log10(255 ** 2 / (sum / ((width - 2 * border) * (height - 2 * border))));
}

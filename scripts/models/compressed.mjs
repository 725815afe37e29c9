/**
 * `node scripts/models/compressed.mjs <folder> [--scale 2] [--format jpeg] [network …]`: how networks do on compressed
 * pictures, from which the qualities in lib/catalogue/photo.json are derived.
 *
 * Each picture of the folder is reduced as MATLAB's imresize does it, compressed by sharp at falling quality, upscaled
 * again, and compared with the original: PSNR-Y without borders, the mean over the pictures. `a+b` is network a, then
 * network b on its result, `a@1` network a with its result brought to 1x; `bicubic` is MATLAB's imresize.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { resize } from './bicubic.mjs';
import { table } from './format.mjs';
import { crop, luma, psnr } from './image-quality.mjs';

const require = createRequire(import.meta.url);
const { Upscaler } = require('../../index.js');

/** Lossless first. */
const QUALITIES = [undefined, 98, 95, 92, 90, 85, 80, 75, 70, 60, 50, 40, 30];

const CLEANERS = ['denoise-2x-0', 'denoise-2x-1', 'denoise-2x-2', 'denoise-2x-3', 'photo-2x'];

/** What is compared where nothing is named. @type {Record<string, string[]>} */
const NETWORKS = {
  2: ['bicubic', 'span-2x', ...CLEANERS],
  4: [
    'bicubic',
    'span-4x',
    ...CLEANERS.map((name) => `${name}+span-2x`),
    ...CLEANERS.map((name) => `${name}@1+span-4x`),
  ],
};

const { values, positionals } = parseArgs({
  options: { scale: { type: 'string', default: '2' }, format: { type: 'string', default: 'jpeg' } },
  allowPositionals: true,
});
const scale = Number(values.scale);
const [folder, ...named] = positionals;
if (folder === undefined) throw new Error('Expected a folder of pictures as the first argument');

const networks = named.length > 0 ? named : NETWORKS[scale];
/** @type {Map<string, InstanceType<typeof Upscaler>>} */
const upscalers = new Map();
const originals = await Promise.all(
  readdirSync(folder)
    .filter((file) => /\.(png|tiff?)$/i.test(file))
    .map((file) => original(path.join(folder, file))),
);

const rows = [];
for (const quality of QUALITIES) rows.push(await row(quality));
console.log(table([`${values.format} quality`, ...networks], rows));

/** @param {number} [quality] */
async function row(quality) {
  const figures = networks.map(() => 0);
  for (const { large, small } of originals) {
    const wanted = crop(luma(large), scale);
    const file = await compress(small, quality);
    for (const [i, network] of networks.entries()) {
      const found = await upscale(file, network);
      figures[i] += psnr(crop(luma(found), scale), wanted) / originals.length;
    }
  }
  const best = Math.max(...figures);
  const cells = figures.map((figure) => (figure === best ? `**${figure.toFixed(2)}**` : figure.toFixed(2)));
  return [quality === undefined ? 'lossless' : String(quality), ...cells];
}

/** @param {string} file */
async function original(file) {
  const { width = 0, height = 0 } = await sharp(file).metadata();
  const [cutWidth, cutHeight] = [width, height].map((side) => side - (side % scale));
  const cut = sharp(file).extract({ left: 0, top: 0, width: cutWidth, height: cutHeight });
  const large = await pixels(cut);
  return { large, small: resize(large, 1 / scale) };
}

/**
 * @param {import('./image-quality.mjs').Rgb} picture
 * @param {number} [quality] lossless without it
 */
function compress({ data, width, height }, quality) {
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  if (quality === undefined) return picture.png().toBuffer();
  return (values.format === 'webp' ? picture.webp({ quality }) : picture.jpeg({ quality })).toBuffer();
}

/**
 * @param {Buffer} file
 * @param {string} network
 */
async function upscale(file, network) {
  if (network === 'bicubic') return resize(await pixels(sharp(file)), scale);
  const steps = network.split('+').map((step) => step.split('@'));
  const last = steps.length - 1;
  /** @type {any} */
  let picture = file;
  for (const [i, [name, size]] of steps.entries()) {
    const output = i < last ? { output: 'tensor' } : { output: 'raw', depth: 8 };
    picture = await upscaler(name).upscale(picture, { ...output, ...(size && { scale: Number(size) }) });
  }
  return picture;
}

/** @param {string} model */
function upscaler(model) {
  const found = upscalers.get(model) ?? new Upscaler({ model });
  upscalers.set(model, found);
  return found;
}

/** @param {import('sharp').Sharp} picture */
async function pixels(picture) {
  const { data, info } = await picture
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

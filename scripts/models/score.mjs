/**
 * `node scripts/models/score.mjs [--as colour|grey|alpha] [--scale N] <sets> <model …>`: PSNR-Y of models on folders of
 * large pictures, from PNG to PNG, and how far the worst pixel of a result, reduced by area to the picture's size, is
 * from the picture.
 *
 * <sets> holds one folder for each set, of PNG files; each is reduced as MATLAB's imresize does it. A model is a name of
 * the catalogue or a file; `default` upscales N times, or twice. As grey, a model is given the luma of the pictures, as
 * alpha that of a picture of one colour.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { resize } from './bicubic.mjs';
import { table } from './format.mjs';
import { grey, oneChannel } from './grey.mjs';
import { crop, luma, psnr } from './image-quality.mjs';
import { pixels, png } from './set5.mjs';

/** @typedef {import('./image-quality.mjs').Rgb} Rgb */

const require = createRequire(import.meta.url);
const Upscaler = require('../../index.js');

/** How a picture becomes a file, and which pixels of a result count: bytes of RGB each. */
const FORMS = {
  colour: { picture: same, samples: (/** @type {Rgb} */ { data }) => data, result: pixels },
  grey: { picture: grey, samples: oneChannel, result: pixels },
  alpha: {
    picture: grey,
    samples: (/** @type {Rgb} */ picture) =>
      Buffer.from([...oneChannel(picture)].flatMap((alpha) => [128, 128, 128, alpha])),
    result: async (/** @type {Buffer} */ file) =>
      pixels(await sharp(file).extractChannel('alpha').png().toBuffer()),
  },
};

const { values, positionals } = parseArgs({
  options: { as: { type: 'string', default: 'colour' }, scale: { type: 'string' } },
  allowPositionals: true,
});
const form = FORMS[/** @type {keyof typeof FORMS} */ (values.as)];
if (form === undefined) throw new Error(`Expected --as ${Object.keys(FORMS).join(', ')}, not ${values.as}`);
const [folder, ...models] = positionals;
if (models.length === 0) throw new Error('Expected a folder of test sets and at least one model');
const asked = values.scale === undefined ? {} : { scale: Number(values.scale) };

const rows = [];
for (const set of readdirSync(folder).sort()) {
  const files = readdirSync(path.join(folder, set)).filter((file) => file.endsWith('.png'));
  if (files.length === 0) continue;
  for (const model of models) rows.push([set, path.basename(model), ...(await score(model, set, files))]);
}
console.log(table(['set', 'model', 'PSNR-Y', 'worst pixel'], rows));

/**
 * @param {string} model
 * @param {string} set
 * @param {string[]} files
 */
async function score(model, set, files) {
  const upscaler = new Upscaler({ model, ...asked });
  try {
    const { scale } = await upscaler.getModel();
    let sum = 0;
    let worst = 0;
    for (const file of files) {
      const { large, small, source } = await pair(path.join(folder, set, file), scale);
      const result = await form.result(await upscaler.upscale(source));
      sum += psnr(...[result, large].map((image) => crop(luma(image), scale)));
      worst = Math.max(worst, farthest(result, small, scale));
    }
    return [(sum / files.length).toFixed(2), worst.toFixed(0)];
  } finally {
    await upscaler.dispose();
  }
}

/**
 * @param {string} file
 * @param {number} scale
 */
async function pair(file, scale) {
  const { width, height } = await sharp(file).metadata();
  const [cutWidth, cutHeight] = [width, height].map((side) => side - (side % scale));
  const cut = sharp(readFileSync(file)).extract({ left: 0, top: 0, width: cutWidth, height: cutHeight });
  const large = form.picture(await pixels(await cut.png().toBuffer()));
  const small = resize(large, 1 / scale);
  return { large, small, source: await png(small, form.samples(small)) };
}

/** @param {Rgb} picture */
function same(picture) {
  return picture;
}

/**
 * The largest difference, of 255, between a picture and the means of a result's pixels over each of its own.
 *
 * @param {{ data: Uint8Array, width: number }} result
 * @param {{ data: Uint8Array, width: number, height: number }} small
 * @param {number} scale
 */
function farthest(result, small, scale) {
  let worst = 0;
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let dy = 0; dy < scale; dy++) {
          for (let dx = 0; dx < scale; dx++) {
            sum += result.data[((y * scale + dy) * result.width + x * scale + dx) * 3 + c];
          }
        }
        worst = Math.max(worst, Math.abs(sum / scale ** 2 - small.data[(y * small.width + x) * 3 + c]));
      }
    }
  }
  return worst;
}

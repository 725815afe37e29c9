// @ts-check
'use strict';

const path = require('node:path');
const { UsageError } = require('../arguments/usage-error');
const { formatOf } = require('../batch/formats');
const { scalesOf } = require('../batch/route');
const { writeNew } = require('../batch/write-new');
const { Codec } = require('../compare/codec');
const { labelsOf } = require('../compare/labels');
const { writePage } = require('../compare/page');
const { drawSheet } = require('../compare/sheet');
const { resampled, upscaled } = require('../compare/trials');
const { print, say } = require('../terminal/output');
const { showName } = require('../terminal/text');

/**
 * `upscaler-node compare`: the same part of a picture through several models, as a picture or a page.
 *
 * @typedef {import('../compare/trials').Part} Part
 * @typedef {import('../compare/trials').Trial} Trial
 */

/** The part that is shown where none is named. */
const PART = { width: 160, height: 120 };

/** @param {import('../arguments/commands').Invocation} invocation */
async function run({ operands: [file], options, command }) {
  const output = options.output ?? `${path.parse(file).name}-compare.png`;
  const asPage = /\.html?$/i.test(output);
  const format = formatOf(output);
  if (!asPage && format === undefined) {
    throw new UsageError(`-o ${output}: a sheet is a picture (.png, .jpg, .webp) or a page (.html)`, command);
  }
  if (options.threads !== undefined) require('../../index.js').configure({ threads: options.threads });
  const models = options.models ?? installedModels();
  const codec = new Codec();
  /** @type {Trial[]} */
  let trials = [];
  try {
    await writeNew(output, options, async () => {
      const picture = await codec.decode(path.resolve(file));
      const part = partOf(options.crop, picture, command);
      const scale = options.scale ?? Math.max(2, ...models.map(scaleOf));
      trials = await tryAll(models, { picture, part, scale }, options);
      const layout = {
        title: `${path.basename(file)} · ${picture.width} × ${picture.height} · ${part.width} × ${part.height} at ${part.x},${part.y} · ${scale}x`,
        cell: { width: Math.round(part.width * scale), height: Math.round(part.height * scale) },
      };
      if (!asPage) return codec.encode(await drawSheet(trials, layout, codec), /** @type {'png'} */ (format));
      const encode = async (/** @type {Trial} */ trial) => ({
        trial,
        png: trial.pixels && (await codec.encode(trial.pixels)),
      });
      return writePage(await Promise.all(trials.map(encode)), layout);
    });
  } finally {
    await codec.dispose();
  }
  if (!options.quiet) say(output);
  return trials.some(({ error }) => error !== undefined) ? 1 : 0;
}

/**
 * @param {string[]} models
 * @param {{ picture: import('../compare/canvas').Pixels, part: Part, scale: number }} subject
 * @param {{ json?: boolean, quiet?: boolean }} options
 */
async function tryAll(models, { picture, part, scale }, { json = false, quiet = false }) {
  const trials = [resampled(picture, part, scale)];
  // One after the other: together they would take each other's time.
  for (const model of models) {
    const trial = await upscaled(model, picture, part, scale);
    trials.push(trial);
    const { pixels, ...facts } = trial;
    if (json) await print(JSON.stringify({ ...facts, width: pixels?.width, height: pixels?.height }));
    else if (trial.error !== undefined) say(`${showName(model)}  failed: ${trial.error.message}`);
    else if (!quiet) say(labelsOf(trial).join('  '));
  }
  return trials;
}

/**
 * Those that are there and enlarge, but for the large ones, which take their time. Of a network that comes in several
 * scales, the one for 4x or the largest below; of one that comes in several strengths, the first.
 */
function installedModels() {
  const { listModels } = require('../../lib/models');
  const found = listModels().filter(
    ({ installed, scale, size }) => installed && scale > 1 && size !== 'large',
  );
  const best = new Map();
  for (const entry of found) {
    const key = `${entry.family} ${entry.domain}`;
    const other = best.get(key);
    if (other === undefined || (entry.scale > other.scale && entry.scale <= 4)) best.set(key, entry);
  }
  return [...best.values()].map(({ id }) => id);
}

/** @param {string} model */
function scaleOf(model) {
  const [scale] = scalesOf(model).keys();
  return scale ?? 0;
}

/**
 * @param {string | undefined} crop `x,y,w,h`
 * @param {{ width: number, height: number }} picture
 * @param {string} command
 * @returns {Part}
 */
function partOf(crop, picture, command) {
  if (crop === undefined) {
    const [width, height] = [Math.min(PART.width, picture.width), Math.min(PART.height, picture.height)];
    return {
      x: Math.floor((picture.width - width) / 2),
      y: Math.floor((picture.height - height) / 2),
      width,
      height,
    };
  }
  const [x, y, width, height, ...more] = crop
    .split(',')
    .map((each) => (each.trim() === '' ? NaN : Number(each)));
  const whole =
    [x, y, width, height].every((each) => Number.isInteger(each) && each >= 0) && more.length === 0;
  if (!whole || width < 1 || height < 1) {
    throw new UsageError(
      `--crop wants x,y,w,h in input pixels, such as 300,120,160,120, but was given ${crop}`,
      command,
    );
  }
  if (x + width > picture.width || y + height > picture.height) {
    throw new UsageError(
      `--crop ${crop} is not within the picture's ${picture.width} × ${picture.height}`,
      command,
    );
  }
  return { x, y, width, height };
}

module.exports = { run };

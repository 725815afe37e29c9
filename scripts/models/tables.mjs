/** The tables of docs/models.md. */
import { count, known, reach, set5, size, speed, table } from './format.mjs';

/**
 * @typedef {import('../../lib/catalogue/entry').Entry} Entry
 * @type {Record<string, (entries: Entry[]) => string>}
 */
export const tables = {
  /** What one chooses by. */
  choice: (entries) =>
    table(
      ['name', 'for', 'scale', 'Set5 PSNR-Y / SSIM-Y', 'speed', 'file', 'licence', 'package'],
      entries.map((entry) => [
        `\`${entry.id}\``,
        entry.noise === null ? entry.domain : `${entry.domain}, noise level ${entry.noise}`,
        `${entry.scale}x`,
        set5(entry.quality.set5),
        known(entry.relativeSpeed, speed),
        known(entry.fileSize, size),
        entry.license,
        `[${entry.package.split('/')[1]}](../models/${entry.family}/README.md)${entry.embedded ? ' (built in)' : ''}`,
      ]),
    ),

  /** What it is. */
  anatomy: (entries) =>
    table(
      [
        'name',
        'verbose path',
        'parameters',
        'MACs per pixel',
        'receptive field',
        'quantization',
        'precisions',
      ],
      entries.map((entry) => [
        `\`${entry.id}\``,
        `\`${entry.path}\``,
        count(entry.parameters),
        known(entry.macsPerPixel, count),
        reach(entry.receptiveField),
        entry.quantization ?? '–',
        entry.precisions.join(', '),
      ]),
    ),

  /** What int8 loses and gains. */
  int8: (entries) =>
    table(
      [
        'name',
        'against float32, photos',
        'Set5 PSNR-Y lost',
        "faster than on ONNX Runtime's kernels",
        'than on our own',
        'blown pixels in a million',
        'in float32',
      ],
      entries.flatMap(({ id, int8, int8Stability, stability }) =>
        int8 === null
          ? []
          : [
              [
                `\`${id}\``,
                `${int8.psnr} dB`,
                `${int8.psnrYLost} dB`,
                `${int8.speed}x`,
                `${int8.kernelsSpeed}x`,
                known(int8Stability, inMillion),
                known(stability, inMillion),
              ],
            ],
      ),
    ),

  /** Where it shows what is not there. */
  stability,

  /** By which names it answers. */
  names: (entries) =>
    table(
      ['name', 'also'],
      entries
        .filter(({ aliases }) => aliases.length > 0)
        .map(({ id, aliases }) => [`\`${id}\``, aliases.map((alias) => `\`${alias}\``).join(', ')]),
    ),
};

/**
 * Of a model that was not measured there is no row.
 *
 * @param {Entry[]} entries
 */
export function stability(entries) {
  return table(
    ['name', 'pictures', 'megapixels', 'blown pictures', 'blown pixels in a million', 'with the guard'],
    entries.flatMap(({ id, stability: found, guardedStability }) =>
      found === null
        ? []
        : [
            [
              `\`${id}\``,
              `${found.pictures}`,
              `${found.megapixels}`,
              `${found.blownPictures}`,
              inMillion(found),
              known(guardedStability, inMillion),
            ],
          ],
    ),
  );
}

/** @param {{ blownPixels: number, megapixels: number }} stability */
function inMillion({ blownPixels, megapixels }) {
  return `${Math.ceil(blownPixels / megapixels)}`;
}

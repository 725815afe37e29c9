/** The page of a model package. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../install.mjs';
import { groupBy } from './group.mjs';
import { count, known, reach, set5, settings, size, speed, table } from './format.mjs';
import { stability } from './tables.mjs';

/**
 * @typedef {import('../../lib/catalogue/entry').Entry} Entry
 */

/** @param {Entry[]} models of one family */
export function readme(models) {
  const [first] = models;
  const notes = models.filter(({ notes }) => notes !== null);
  return `<!-- Written by \`npm run models\` from lib/catalogue: change it there. -->

# ${first.package}

${first.title} for upscaler-node. ${first.description}

## Use

\`\`\`sh
npm install upscaler-node ${first.package}
\`\`\`

\`\`\`js
const Upscaler = require('upscaler-node');

const upscaler = new Upscaler({ model: '${first.id}' });
// The same: new Upscaler({ model: require('${first.module}') })
\`\`\`

## Models

${table(
  [
    'name',
    'module',
    'scale',
    'for',
    'parameters',
    'MACs per pixel',
    'receptive field',
    'file',
    'Set5 PSNR-Y / SSIM-Y',
    'speed',
  ],
  models.map((model) => [
    `\`${model.id}\``,
    `\`${model.module}\``,
    `${model.scale}x`,
    model.noise === null ? model.domain : `${model.domain}, noise level ${model.noise}`,
    count(model.parameters),
    known(model.macsPerPixel, count),
    reach(model.receptiveField),
    known(model.fileSize, size),
    set5(model.quality.set5),
    known(model.relativeSpeed, speed),
  ]),
)}

Set5 is measured by upscaler-node itself, from PNG to PNG, on the luma channel without borders; speed is input pixels
per second on one CPU thread, that of \`span-2x\` being 1.${grey(models)}
${published(models)}
${stable(models)}
${notes.map(note).join('\n\n')}

## Where the weights come from

${[...groupBy(models, originKey).values()].map(origin).join('\n\n')}
${models.map(curve).join('')}
${first.modelType === 'graph' ? 'The files are as they were published.' : 'They were converted to ONNX by upscaler-node (`npm run models` in its repository); weights of more than a few numbers are stored as float16, and computed with as float32.'}
`;
}

/** @param {Entry[]} models */
function grey(models) {
  return models.every(({ channels }) => channels === 1) ? ' Both are measured on grey pictures.' : '';
}

/** @param {Entry[]} models */
function published(models) {
  return models
    .filter((model) => model.published !== null)
    .map(
      ({ published: { benchmark, psnr, ssim } }) =>
        `\nIts authors publish ${psnr} dB and a structural similarity of ${ssim} on ${benchmark}.\n`,
    )
    .join('');
}

/** On hard pictures. @param {Entry[]} models */
function stable(models) {
  if (models.every((model) => model.stability === null)) return '';
  return `Blown pixels show what is not in the picture. They are counted on text, screenshots, drawings, codes, patterns and
photographs that networks are known to fail on ([how, and what was seen](../../docs/models.md#stability)):

${stability(models)}
`;
}

/** @param {Entry} model */
function note({ id, notes }) {
  return `**${id}**: ${notes}`;
}

/** @param {Entry} model what models of one origin have in common */
function originKey({ author, training, origin, settings: chosen, dataset }) {
  return JSON.stringify([author, training, origin.package, chosen, dataset]);
}

/** @param {Entry[]} models of one origin */
function origin(models) {
  const [{ architecture, settings: chosen, authors, dataset, training, license, licenseUrl, origin: from }] =
    models;
  const own = from.registry === 'repository';
  const lines = [
    `Architecture: ${architecture} (${settings(chosen)})${training.paper ? `, [paper](${training.paper})` : ''}`,
    `Authors: ${authors}${own ? '' : `, [repository](${licenseUrl.split('/blob/')[0]})`}`,
    `Training data: ${dataset}${own ? ', [every picture with its licence](../../training/DATA.md)' : ''}`,
    `Training: ${training.description} [${own ? 'How to train it' : 'Trainer'}](${own ? `../../${training.repository}` : training.repository})`,
    `Licence of the weights: [${license}](${licenseUrl})`,
    `${takenFrom(from)} ${models.map(({ origin: { file } }) => `\`${file}\``).join(', ')}`,
    ...models
      .filter(({ checkpoint }) => checkpoint !== null)
      .map(({ id, checkpoint }) => `Training run of ${id}: \`${checkpoint}\``),
  ];
  return `### ${models.map(({ id }) => id).join(', ')}\n\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

/** @param {Entry['origin']} origin */
function takenFrom({ registry, package: name, version }) {
  if (registry === 'repository') return 'Trained by upscaler-node, whose repository has them as';
  return `Taken from: ${name} ${version} (${registry}),`;
}

/**
 * The log of a training run of this repository: what the scores were on the way.
 *
 * @param {Entry} model
 */
function curve({ id, origin: { registry, file } }) {
  if (registry !== 'repository') return '';
  const log = readFileSync(path.join(ROOT, file.replace(/\.onnx$/, '.csv')), 'utf8');
  const [head, ...rows] = log
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  const short = (/** @type {string} */ cell) => (cell.includes('.') ? Number(cell).toPrecision(4) : cell);
  const scores = head.some((column) => column.endsWith(' ssim')) ? 'PSNR-Y in dB and SSIM-Y' : 'PSNR-Y in dB';
  return `\n### The training of ${id}\n\nMean absolute error of a batch (of 255), ${scores} on each test set, and the farthest that a result, reduced, is from its source (of 255):\n\n${table(
    head,
    rows.map((row) => row.map(short)),
  )}\n`;
}

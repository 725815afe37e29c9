/**
 * `node scripts/models/ocr.mjs [model …]`: how many letters tesseract misreads in small text that was enlarged twofold, by
 * Lanczos and by models; wants tesseract-ocr of Debian. Without a name: the default, span-2x without its guard, fast-2x and
 * text-2x, and what tesseract misreads where the letters are drawn at twice their size, `drawn`.
 *
 * Pages of black text on white and of light text on dark in the fonts of the held-out set, which no model was trained on, of 6
 * to 10 pixels. An error is an insertion, deletion or replacement of a letter (Levenshtein); a page's share is of
 * its letters.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fonts } from './stress/bring.mjs';
import { enlarge } from './stress/enlarge.mjs';
import { drawn } from './stress/picture.mjs';
import { random } from './stress/random.mjs';

const sharp = createRequire(import.meta.url)('sharp');

const SIZES = [6, 7, 8, 10];
const COLOURS = [
  ['#000000', '#ffffff'],
  ['#d4d4d4', '#1e1e1e'],
];
const [WIDTH, LINES] = [360, 8];
const UNGUARDED = 'span-2x without its guard';
/** Words of a public text: the preamble and the first articles of the Universal Declaration of Human Rights. */
const WORDS =
  `whereas recognition of the inherent dignity and of the equal and inalienable rights of all members of the human family is
  the foundation of freedom justice and peace in the world all human beings are born free and equal in dignity and rights they
  are endowed with reason and conscience and should act towards one another in a spirit of brotherhood everyone is entitled to
  all the rights and freedoms set forth in this declaration without distinction of any kind such as race colour sex language
  religion political or other opinion national or social origin property birth or other status everyone has the right to life
  liberty and security of person no one shall be held in slavery or servitude`.split(/\s+/);

/** @typedef {{ size: number, text: string, svg: (factor: number) => string }} Page */

/** @returns {Page[]} */
function pages() {
  const families = fonts('held-out');
  const rng = random('ocr');
  /** @type {Page[]} */
  const made = [];
  for (const family of families) {
    for (const size of SIZES) {
      for (const colours of COLOURS) made.push(page(family, size, colours, rng));
    }
  }
  return made;
}

/**
 * @param {string} family
 * @param {number} size of the font, in pixels
 * @param {string[]} colours ink and paper
 * @param {ReturnType<typeof random>} rng
 * @returns {Page}
 */
function page(family, size, [ink, paper], rng) {
  const leading = Math.ceil(size * 1.5);
  const lines = Array.from({ length: LINES }, () => {
    let line = '';
    while ((line.length + 10) * size * 0.62 < WIDTH - 24) line += `${line && ' '}${rng.pick(WORDS)}`;
    return line;
  });
  const height = (LINES + 1) * leading;
  const texts = lines.map((line, n) => `<text x="12" y="${(n + 1.2) * leading}">${line}</text>`);
  const svg = (/** @type {number} */ factor) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH * factor}" height="${height * factor}" viewBox="0 0 ${WIDTH} ${height}">` +
    `<rect width="100%" height="100%" fill="${paper}"/>` +
    `<g font-family="${family}" font-size="${size}" fill="${ink}">${texts.join('')}</g></svg>`;
  return { size, text: lines.join(' '), svg };
}

/**
 * What tesseract reads, its white space made single spaces.
 *
 * @param {import('./stress/compare.mjs').Pixels} pixels
 */
async function read({ data, width, height }) {
  const bytes = data instanceof Uint8Array ? data : Uint8ClampedArray.from(data);
  const png = await sharp(bytes, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const { status, stdout, stderr, error } = spawnSync('tesseract', ['-', '-', '--psm', '6', '-l', 'eng'], {
    input: png,
    encoding: 'utf8',
    env: { ...process.env, OMP_THREAD_LIMIT: '1' },
  });
  if (status !== 0) throw new Error(`tesseract failed: ${error?.message ?? stderr}`);
  return stdout.replace(/\s+/g, ' ').trim();
}

/**
 * Levenshtein's distance.
 *
 * @param {string} a
 * @param {string} b
 */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1])));
    }
    row = next;
  }
  return row[b.length];
}

/**
 * How a contender makes a page of twice the size.
 *
 * @param {string} name
 */
async function contender(name) {
  if (name === 'drawn')
    return { enlarged: (/** @type {Page} */ { svg }) => drawn(svg(2)), dispose: async () => {} };
  const unguarded = name === UNGUARDED;
  const model = unguarded ? await enlarge('span-2x', { guard: false }) : await enlarge(name);
  const enlarged = async (/** @type {Page} */ { svg }) => (await model.upscale(await drawn(svg(1)))).result;
  return { enlarged, dispose: () => model.dispose() };
}

const names = process.argv.slice(2);
const contenders =
  names.length > 0 ? names : ['lanczos', 'default', UNGUARDED, 'fast-2x', 'text-2x', 'drawn'];
const all = pages();
console.log(`| misread of ${all.length} pages | ${SIZES.map((size) => `${size} px`).join(' | ')} | all |`);
console.log(`| --- | ${'--- | '.repeat(SIZES.length + 1)}`);
for (const name of contenders) {
  const { enlarged, dispose } = await contender(name);
  /** @type {Record<string, { wrong: number, letters: number }>} */
  const sums = {};
  for (const page of all) {
    const { size, text } = page;
    const wrong = Math.min(distance(await read(await enlarged(page)), text), text.length);
    for (const key of [String(size), 'all']) {
      sums[key] ??= { wrong: 0, letters: 0 };
      sums[key].wrong += wrong;
      sums[key].letters += text.length;
    }
  }
  await dispose();
  const share = (/** @type {string} */ key) =>
    `${((100 * sums[key].wrong) / sums[key].letters).toFixed(2)} %`;
  console.log(`| ${name} | ${[...SIZES.map(String), 'all'].map(share).join(' | ')} |`);
}

/**
 * `node scripts/models/stress/fixtures.mjs [--clones folder]`: writes the pictures of the stress set that a clean
 * checkout cannot make, and that tests want, to __test__/fixtures/stress: text and screens, for which fonts are needed,
 * and a detail of a photograph.
 */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../install.mjs';
import { keptSet } from './kept.mjs';

const sharp = createRequire(import.meta.url)('sharp');

const FOLDER = path.join(ROOT, '__test__', 'fixtures', 'stress');
const NAMES = [
  'text/DejaVu Sans-0-9px',
  'text/DejaVu Serif-10-22px',
  'text/DejaVu Sans Mono-3-12px',
  'text/Liberation Sans-6-14px',
  'text/Lato-10-12px',
  'text/Inconsolata-6-18px',
  'text/Comfortaa-4-18px',
  'text/Roboto Slab-10-28px',
  'text/IPAGothic-9-16px',
  'logo/3',
  'map/1',
  'diagram/2',
];
const SCREENS = ['screen/0-table', 'screen/1-code', 'screen/2-form', 'screen/11-chat', 'screen/10-dashboard'];
const PART = { left: 0, top: 0, width: 180, height: 110 };

const { values } = parseArgs({ options: { clones: { type: 'string' } } });
const { pictures } = await keptSet('stress', values);
mkdirSync(FOLDER, { recursive: true });
for (const name of [...NAMES, ...SCREENS]) {
  const found = pictures.find((picture) => picture.name === name);
  if (found === undefined) throw new Error(`${name} is not in the set: what it needs could not be had`);
  const image = sharp(found.pixels.data, { raw: found.pixels });
  const part = SCREENS.includes(name) ? image.extract(PART) : image;
  const file = path.join(FOLDER, `${name.replace(/[/ ]/g, '-')}.png`);
  await part.png({ compressionLevel: 9, palette: false }).toFile(file);
  console.log(file);
}

/**
 * Every cell of the feature tables in docs/formats.md: files by independent encoders (scripts/formats, in Python), read
 * through the whole path with a network that only doubles pixels, against what was written or what libjpeg-turbo reads.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT } from '../../scripts/install.mjs';

const require = createRequire(import.meta.url);
const sharp = require('sharp');
const Upscaler = require('../..');
const { NEAREST } = require('../support/pixels');

const PACKAGES = ['numpy==2.4.6', 'pillow==13.0.0', 'tifffile==2026.3.3', 'imagecodecs==2026.3.6'];
const CACHE = path.join(ROOT, '.cache', 'formats');
const CELLS = path.join(CACHE, 'cells');
const PHOTO = path.join(ROOT, 'tests', 'fixtures', 'raster', 'photo.png');

/** Largest difference of a sample, of 255: decoders of lossy formats may round, and spread chroma, their own way. */
const tolerance = (name) => {
  if (/^avif|^jpeg|-jpeg-|-lossy/.test(name)) return 8;
  // Linear light becomes sRGB.
  return /^jxl-.*-(u16|f32)-/.test(name) ? 0.1 : 0;
};

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${error ?? stdout + stderr}`);
  return stdout;
}

function generate() {
  const python = path.join(CACHE, 'python', 'bin', 'python');
  if (!existsSync(python)) {
    run('python3', ['-m', 'venv', path.join(CACHE, 'python')]);
    run(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
  }
  rmSync(CELLS, { recursive: true, force: true });
  return run(python, [path.join(ROOT, 'scripts', 'formats', 'generate.py'), CELLS, PHOTO]);
}

/** RGBA as 16-bit numbers. */
async function expectedSamples(file) {
  const image = sharp(file);
  const deep = (await image.metadata()).depth === 'ushort';
  const { data, info } = await image
    .toColourspace(deep ? 'rgb16' : 'srgb')
    .ensureAlpha()
    .raw({ depth: deep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const wide = deep
    ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
    : Uint16Array.from(data, (value) => value * 257);
  return { data: wide, width: info.width, height: info.height };
}

/** The largest difference, of 255, of the top left of each doubled pixel. */
function difference(found, expected) {
  assert.deepEqual([found.width / 2, found.height / 2], [expected.width, expected.height]);
  const { channels } = found;
  const factor = found.data instanceof Uint16Array ? 1 : 257;
  const alpha = channels % 2 === 0;
  // Where each of red, green, blue and alpha stands; of grey all three colours are one.
  const places = [0, channels > 2 ? 1 : 0, channels > 2 ? 2 : 0, alpha ? channels - 1 : -1];
  let largest = 0;
  for (let y = 0; y < expected.height; y++) {
    for (let x = 0; x < expected.width; x++) {
      const at = (2 * y * found.width + 2 * x) * channels;
      places.forEach((place, i) => {
        const sample = place < 0 ? 65535 : found.data[at + place] * factor;
        const pixel = (y * expected.width + x) * 4;
        // Colour that is not seen is replaced before the network spreads it.
        if (i < 3 && expected.data[pixel + 3] === 0) return;
        const wanted = expected.data[pixel + i];
        largest = Math.max(largest, Math.abs(sample - wanted));
      });
    }
  }
  return largest / 257;
}

let upscalers;
let cells;
before(() => {
  generate();
  const files = readdirSync(CELLS);
  cells = files.filter((file) => !/\.expected\.png$|\.refused$/.test(file));
  upscalers = ['none', 'error'].map((failOn) => new Upscaler({ model: NEAREST, failOn }));
});
after(() => Promise.all(upscalers.map((upscaler) => upscaler.dispose())));

for (const format of ['jpeg', 'tiff', 'png', 'gif', 'bmp', 'webp', 'avif', 'jxl', 'pnm']) {
  test(`every kind of ${format} is right, or refused by name`, async (t) => {
    const wrong = [];
    const count = { right: 0, refused: 0 };
    for (const file of cells.filter((cell) => cell.startsWith(`${format}-`))) {
      const name = file.replace(/\.[a-z]+$/, '');
      const bytes = readFileSync(path.join(CELLS, file));
      const expected = path.join(CELLS, `${name}.expected.png`);
      for (const upscaler of upscalers) {
        try {
          const found = await upscaler.upscale(bytes, { output: 'raw' });
          if (!existsSync(expected)) {
            if (existsSync(path.join(CELLS, `${name}.refused`)))
              wrong.push(`${name}: read, but not expected`);
            continue;
          }
          const off = difference(found, await expectedSamples(expected));
          if (off > tolerance(name)) wrong.push(`${name}: off by ${off.toFixed(1)}`);
          else count.right++;
        } catch (error) {
          if (error.code === 'ERR_UPSCALER_UNSUPPORTED_FORMAT' && !existsSync(expected)) count.refused++;
          else if (existsSync(expected)) wrong.push(`${name}: ${error.message}`);
        }
      }
    }
    t.diagnostic(`${count.right} right, ${count.refused} refused by name, at two levels of failOn`);
    assert.deepEqual(wrong, []);
    assert.ok(count.right > 0);
  });
}

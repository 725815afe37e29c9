/** Results show what was upscaled: the measure, and the default model on pictures that networks fail on. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../scripts/install.mjs';
import { blown, excess } from '../scripts/models/stress/compare.mjs';
import { enlarge, lanczos } from '../scripts/models/stress/enlarge.mjs';
import { patterns } from '../scripts/models/stress/patterns.mjs';
import { paint, picture, rgb } from '../scripts/models/stress/picture.mjs';
import { share } from '../scripts/models/stress/share.mjs';
import { farthestPart } from '../scripts/models/stress/sheet.mjs';

const require = createRequire(import.meta.url);
const sharp = require('sharp');
const Upscaler = require('../index.js');

const FIXTURES = path.join(ROOT, '__test__', 'fixtures', 'stress');
/** What Lanczos and cubic resampling stay within, of 255: see scripts/models/stress/compare.mjs. */
const PLAIN = 16;

/** Pixels doubled, and changed by `change`. */
function doubled({ data, width, height }, change = (value) => value) {
  const result = new Float32Array(width * height * 12);
  for (let i = 0; i < result.length; i++) {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % (2 * width), Math.floor(i / 6 / width)];
    result[i] = change(data[((y >> 1) * width + (x >> 1)) * 3 + c], x, y, c);
  }
  return { data: result, width: 2 * width, height: 2 * height };
}

const grey = (side, level = 100) => paint(side, side, () => [level, level, level]);

/** Pictures that a clean checkout has: patterns, text and screens, a coffee spoon, parts of photographs. */
async function small() {
  const files = readdirSync(FIXTURES).sort();
  const kept = await Promise.all(
    files.map(async (name) => picture('file', name, await rgb(path.join(FIXTURES, name)))),
  );
  const photos = await Promise.all(
    ['astronaut.png', 'chelsea.png', 'rocket.jpg'].map(async (name) => {
      const image = sharp(path.join(ROOT, 'examples', 'images', name)).resize(96, 96);
      return picture('photo', name, await rgb(image));
    }),
  );
  // Of many patterns those of the first colours, and of spots, areas, noise and skies a few.
  const seen = new Map();
  const some = patterns('small', 0.2).filter(({ kind }) => {
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    return seen.get(kind) <= 12;
  });
  return [...kept, ...photos, ...some];
}

test('pixels that were doubled are nowhere beyond the input', () => {
  const [noise] = patterns('test', 0.1).filter(({ kind }) => kind === 'noise');
  assert.deepEqual(blown(noise.pixels, doubled(noise.pixels)), { pixels: 0, farthest: 0 });
});

test('on a flat area any difference counts, next to an edge that of half its height does not', () => {
  const flat = grey(8);
  assert.deepEqual(
    blown(
      flat,
      doubled(flat, (value) => value + 32),
    ).pixels,
    0,
  );
  assert.deepEqual(
    blown(
      flat,
      doubled(flat, (value) => value - 33),
    ).pixels,
    64,
  );
  // Black and a white column: three columns see both, 127.5 of a difference is explained there.
  const column = paint(8, 8, (x) => Array(3).fill(x === 4 ? 255 : 0));
  const found = excess(
    column,
    doubled(column, (value) => Math.abs(value - 150)),
  );
  // Black became 150, white 105, which is 150 away, too.
  assert.deepEqual([...found.slice(0, 8)], [150, 150, 150, 22.5, 22.5, 22.5, 150, 150]);
});

test('what is wrong in one channel of one pixel of the result is found', () => {
  const flat = grey(6);
  const spoilt = doubled(flat, (value, x, y, c) => (x === 5 && y === 8 && c === 2 ? 255 : value));
  const found = excess(flat, spoilt);
  assert.equal(found[4 * 6 + 2], 155 / 4);
  assert.equal(
    found.reduce((sum, value) => sum + value),
    155 / 4,
  );
  const nothing = doubled(flat, (value, x, y) => (x === 5 && y === 8 ? NaN : value));
  assert.deepEqual(blown(flat, nothing), { pixels: 1, farthest: Infinity });
});

test('a result of another shape is refused', () => {
  assert.throws(() => excess(grey(6), { ...doubled(grey(6)), width: 11 }), /a multiple of 6x6/);
});

test('plain resampling is never beyond what losing detail explains', async () => {
  for (const { name, pixels } of await small()) {
    for (const kernel of ['lanczos3', 'cubic']) {
      const { farthest } = blown(pixels, await lanczos(pixels, 2, kernel));
      assert.ok(farthest <= PLAIN, `${name}, ${kernel}: ${farthest}`);
    }
  }
});

test('the part that is shown of two results is where they differ', () => {
  const flat = grey(200);
  const spoilt = doubled(flat, (value, x, y) => (x >= 320 && x < 328 && y >= 40 && y < 48 ? 255 : value));
  const { far, parts } = farthestPart(doubled(flat), spoilt);
  assert.equal(far, 155);
  const white = parts.map((part) => part.filter((value) => value === 255).length);
  assert.deepEqual(white, [0, 8 * 8 * 3]);
});

test('of two small results each pixel is shown several times', () => {
  const [black, dot] = [0, 1].map((on) =>
    paint(70, 40, (x, y) => Array(3).fill(on && x === 60 && y === 30 ? 255 : 0)),
  );
  const { parts } = farthestPart(black, dot);
  const white = parts.map((part) => part.filter((value) => value === 255).length);
  assert.deepEqual(white, [0, 2 * 2 * 3]);
});

test('a share has the middle of each picture', () => {
  // Every pixel says where it was.
  const places = paint(9, 6, (x, y) => [x, y, 0]);
  const [cut] = share([picture('any', 'places', places)], { side: 4 });
  assert.equal(cut.input, cut.pixels);
  assert.deepEqual([cut.pixels.width, cut.pixels.height], [4, 4]);
  assert.deepEqual([...cut.pixels.data.subarray(0, 6)], [2, 1, 0, 3, 1, 0]);
  assert.deepEqual([...cut.pixels.data.subarray(-3)], [5, 4, 0]);
  const [whole] = share([picture('any', 'places', places)], { side: 9 });
  assert.equal(whole.pixels, places);
});

test('a share has about one picture of so many, and a smaller share some of those', () => {
  const all = Array.from({ length: 2000 }, (_, n) => picture('any', `${n}`, grey(1)));
  const names = (every) => share(all, { every }).map(({ name }) => name);
  const [four, eight] = [names(4), names(8)];
  assert.ok(Math.abs(four.length - 500) < 60, `${four.length} of 2000`);
  assert.ok(Math.abs(eight.length - 250) < 45, `${eight.length} of 2000`);
  assert.ok(eight.every((name) => four.includes(name)));
});

/** Pictures of the small set in which a model blows something up, and the worst pixel of each. */
async function failures(model, options) {
  const enlarger = await enlarge(model, options);
  try {
    const failed = [];
    for (const { name, input, pixels: reference } of await small()) {
      const { pixels, farthest } = blown(reference, (await enlarger.upscale(input)).result);
      if (pixels > 0) failed.push(`${name}: ${pixels} pixels, ${farthest.toFixed(0)}`);
    }
    return failed;
  } finally {
    await enlarger.dispose();
  }
}

test('SPAN by itself blows up on these pictures, which is why there is a guard', async () => {
  const failed = await failures('span-2x', { guard: false });
  for (const name of [
    'coffee-spoon',
    'text-Lato-10-12px',
    'screen-2-form',
    'logo-3',
    'checker-1',
    'hot-pixels',
  ])
    assert.ok(
      failed.some((line) => line.includes(name)),
      `${name} is not among ${failed.length}`,
    );
});

for (const model of ['default', 'span-2x', 'span-4x']) {
  test(`${model} blows up nowhere`, async () => {
    assert.deepEqual(await failures(model, undefined), []);
  });
}

test('the default for grey pictures blows up nowhere', async () => {
  assert.deepEqual(await failures('default', { channels: 1 }), []);
});

test('the default for transparent pictures does not blow up letters that are cut out', async () => {
  const letters = await rgb(path.join(FIXTURES, 'text-Lato-10-12px.png'));
  const { width, height } = letters;
  const data = Uint8Array.from({ length: width * height * 4 }, (_, at) =>
    at % 4 < 3 ? 90 : letters.data[(at >> 2) * 3],
  );
  const upscaler = new Upscaler({ channels: 4 });
  try {
    const result = await upscaler.upscale({ data, width, height, channels: 4 }, { output: 'raw' });
    assert.deepEqual(blown(alpha({ data, width }), alpha(result)).pixels, 0);
  } finally {
    await upscaler.dispose();
  }
});

/** The alpha channel of RGBA pixels, in all of three. */
function alpha({ data, width }) {
  const three = Uint8Array.from(
    { length: (data.length / 4) * 3 },
    (_, at) => data[Math.floor(at / 3) * 4 + 3],
  );
  return { data: three, width, height: data.length / 4 / width };
}

'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { test, before, after } = require('node:test');
const sharp = require('sharp');
const Upscaler = require('..');
const { photo } = require('./support/pixels');
const { withUpscaler } = require('./support/with-upscaler');

/** What stands in for span-2x where that has blown up. */
const FALLBACK = { model: 'fast-2x', scale: 2, role: 'fallback', artefacts: null };

/** @type {Upscaler} */
let upscaler;
/** @type {import('./support/pixels').Pixels} */
let picture;

before(async () => {
  upscaler = new Upscaler();
  picture = await photo('astronaut.png', { left: 90, top: 60, width: 96, height: 64 });
});
after(() => upscaler.dispose());

const encoder = () => sharp(picture.data, { raw: picture });
const encode = {
  jpeg: (quality) => encoder().jpeg({ quality }).toBuffer(),
  webp: (quality) => encoder().webp({ quality }).toBuffer(),
};

/** @param {any} image @param {object} [options] */
async function modelFor(image, options) {
  const { info } = await upscaler.upscale(image, { ...options, output: 'raw', resolveWithObject: true });
  return info.model;
}

test('the quality that a file was written with decides', async () => {
  const expected = {
    jpeg: [
      [[100, 95, 93], 'span-2x'],
      [[92, 90, 80, 75, 60, 40, 10], 'photo-2x'],
    ],
    // A WebP has quantisers of its own for parts of the picture: its quality is known to within a few.
    webp: [
      [[100, 95, 90], 'span-2x'],
      [[75, 70, 60, 40, 30, 5], 'photo-2x'],
    ],
  };
  for (const [format, bands] of Object.entries(expected)) {
    for (const [qualities, model] of bands) {
      for (const quality of qualities) {
        assert.equal(await modelFor(await encode[format](quality)), model, `${format} of quality ${quality}`);
      }
    }
  }
});

test('what has no marks of compression is clean', async () => {
  const clean = {
    png: await encoder().png().toBuffer(),
    tiff: await encoder().tiff({ compression: 'lzw' }).toBuffer(),
    gif: await encoder().gif().toBuffer(),
    'lossless webp': await encoder().webp({ lossless: true }).toBuffer(),
    raw: picture,
    tensor: { data: Float32Array.from(picture.data), shape: [picture.height, picture.width, 3] },
  };
  for (const [name, image] of Object.entries(clean)) assert.equal(await modelFor(image), 'span-2x', name);
});

test('the final size decides too', async () => {
  const [clean, jpeg] = [picture, await encode.jpeg(75)];
  for (const [options, forClean, forCompressed] of [
    [{ scale: 1.5 }, 'span-2x', 'photo-2x'],
    [{ width: 192 }, 'span-2x', 'photo-2x'],
    [{ scale: 3 }, 'span-4x', 'photo-2x+span-4x'],
    [{ width: 384 }, 'span-4x', 'photo-2x+span-4x'],
  ]) {
    assert.equal(await modelFor(clean, options), forClean);
    assert.equal(await modelFor(jpeg, options), forCompressed);
  }
});

test('the result is that of the model by its name', async () => {
  for (const [image, model] of [
    [await encode.jpeg(95), 'span-2x'],
    [await encode.jpeg(85), 'photo-2x'],
    [await encode.webp(30), 'photo-2x'],
  ]) {
    const expected = await withUpscaler({ model }, (own) => own.upscale(image));
    assert.deepEqual(await upscaler.upscale(image), expected, model);
  }
});

test('four times the size: cleaned at its own size, then as a clean picture', async () => {
  const jpeg = await encode.jpeg(85);
  const cleaned = await withUpscaler({ model: 'photo-2x' }, (own) =>
    own.upscale(jpeg, { scale: 1, output: 'raw', depth: 16 }),
  );
  const expected = await withUpscaler({ model: 'span-4x' }, (own) =>
    own.upscale(cleaned, { output: 'raw', depth: 8 }),
  );
  await withUpscaler({ scale: 4 }, async (own) => {
    const fractions = [];
    const { data, info } = await own.upscale(jpeg, {
      output: 'raw',
      resolveWithObject: true,
      progress: (fraction) => void fractions.push(fraction),
    });
    assert.equal(info.model, 'photo-2x+span-4x');
    assert.deepEqual(data, expected);
    assert.deepEqual(
      fractions,
      [...fractions].sort((a, b) => a - b),
    );
    assert.equal(fractions.at(-1), 1);
    const small = await own.upscale(jpeg, { output: 'raw', scale: 2, resolveWithObject: true });
    assert.equal(small.info.model, 'photo-2x');
  });
});

/** A photograph of 96x64 pixels with text below that. */
async function photographAndText() {
  const page = path.join(__dirname, 'fixtures', 'stress', 'text-Lato-10-12px.png');
  const letters = await sharp(page)
    .removeAlpha()
    .extract({ left: 0, top: 4, width: 96, height: 64 })
    .raw()
    .toBuffer();
  const raw = { width: 96, height: 128, channels: 3 };
  return sharp(Buffer.concat([picture.data, letters]), { raw })
    .png()
    .toBuffer();
}

test('what a program drew is upscaled by the network for letters, beside a photograph too', async () => {
  const both = await photographAndText();
  for (const scale of [2, 4]) {
    const by = (own) => own.upscale(both, { scale, output: 'raw', resolveWithObject: true });
    const found = await by(upscaler);
    assert.ok(found.info.drawn > 0.4 && found.info.drawn < 0.6, `${found.info.drawn}`);
    assert.equal(found.info.model, `span-${scale}x`);
    // Away from where the two meet, each half is what the one network or the other gives.
    const row = 96 * scale * 3;
    const rows = ({ data }, from, to) => data.data.subarray(from * scale * row, to * scale * row);
    const photograph = await withUpscaler({ model: `span-${scale}x` }, by);
    const text = await withUpscaler({ model: `text-${scale}x` }, by);
    assert.deepEqual(rows(found, 0, 50), rows(photograph, 0, 50));
    assert.deepEqual(rows(found, 75, 128), rows(text, 75, 128));
    assert.equal(photograph.info.drawn, 0);
  }
});

test('the same networks stand in whichever scale was asked for first', async () => {
  const file = path.join(__dirname, 'fixtures', 'stress', 'coffee-spoon.png');
  const by = (options) => (own) => own.upscale(file, { ...options, output: 'raw', resolveWithObject: true });
  const asked = await by({ scale: 4 })(upscaler);
  const made = await withUpscaler({ scale: 4 }, by({}));
  assert.ok(asked.info.guarded > 0, 'nothing is replaced');
  assert.deepEqual(asked.data, made.data);
});

test('alpha goes through the network for one channel, colours through that for the picture', async () => {
  const grey = await sharp(picture.data, { raw: picture }).toColourspace('b-w').raw().toBuffer();
  const samples = [...grey].flatMap((alpha, at) => [...picture.data.subarray(3 * at, 3 * at + 3), alpha]);
  const translucent = { ...picture, data: Uint8Array.from(samples), channels: 4 };
  const found = await upscaler.upscale(translucent, { output: 'raw', resolveWithObject: true });
  assert.equal(found.info.model, 'span-2x');
  const every = (from, count) => found.data.data.filter((_, at) => at % 4 >= from && at % 4 < from + count);
  const colours = await upscaler.upscale(picture, { output: 'raw' });
  assert.deepEqual(every(0, 3), colours.data);
  const alpha = await withUpscaler({ model: 'grey-2x' }, (own) =>
    own.upscale({ ...picture, data: grey, channels: 1 }, { output: 'raw' }),
  );
  assert.deepEqual(every(3, 1), alpha.data);
});

test('a named model is what runs', async () => {
  const jpeg = await encode.jpeg(40);
  for (const model of [
    'span-2x',
    { scale: 2 },
    '@upscaler-node/span/2x',
    require('@upscaler-node/span/2x'),
  ]) {
    await withUpscaler({ model }, async (own) => {
      const { info } = await own.upscale(jpeg, { resolveWithObject: true });
      assert.equal(info.model, 'span-2x');
      assert.deepEqual((await own.getModel()).alternatives, [FALLBACK]);
    });
  }
  await withUpscaler({ model: 'default' }, async (own) => {
    assert.equal((await own.upscale(jpeg, { resolveWithObject: true })).info.model, 'photo-2x');
  });
});

test('getModel tells of the clean one and of its alternatives', async () => {
  const { model, alternatives } = await upscaler.getModel();
  assert.equal(model, 'span-2x');
  assert.deepEqual(alternatives, [
    { model: 'span-4x', scale: 4, role: 'clean', artefacts: null },
    { model: 'grey-2x', scale: 2, role: 'alpha', artefacts: null },
    { model: 'text-2x', scale: 2, role: 'drawn', artefacts: null },
    { model: 'text-4x', scale: 4, role: 'drawn', artefacts: null },
    { model: 'photo-2x', scale: 2, role: 'compressed', artefacts: { jpeg: 92, webp: 82 } },
    FALLBACK,
    { model: 'fast-4x', scale: 4, role: 'fallback', artefacts: null },
  ]);
  await withUpscaler({ scale: 4 }, async (own) => assert.equal((await own.getModel()).model, 'span-4x'));
});

test('a compressed picture with transparency, and a grey one', async () => {
  const alpha = await sharp(Buffer.alloc(40 * 30 * 4, 90), { raw: { width: 40, height: 30, channels: 4 } })
    .webp({ quality: 40 })
    .toBuffer();
  const grey = await encoder().toColourspace('b-w').jpeg({ quality: 50 }).toBuffer();
  for (const [image, channels] of [
    [alpha, 4],
    [grey, 1],
  ]) {
    for (const scale of [2, 4]) {
      const result = await upscaler.upscale(image, { output: 'raw', scale });
      assert.equal(result.channels, channels);
    }
  }
});

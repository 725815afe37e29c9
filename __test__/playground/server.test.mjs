import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import sharp from 'sharp';
import { pattern, withPlayground } from '../support/playground.mjs';

const require = createRequire(import.meta.url);
const Upscaler = require('../../index.js');
const { nearest } = require('../support/onnx.js');
const { factsOf } = require('../../playground/server/facts');
const { Surface } = require('../../playground/server/surface.js');

const RASTER = new URL('../../tests/fixtures/raster/', import.meta.url);
const TILE = 256;

/** @param {string} name */
function fixture(name) {
  return readFileSync(new URL(name, RASTER));
}

test('what a file says of itself is what sharp reads in it', async () => {
  const formats = { jpeg: 'JPEG', png: 'PNG', webp: 'WebP', tiff: 'TIFF' };
  for (const name of readdirSync(RASTER).filter((file) =>
    /^(orient|icc|cmyk|quality)[\w-]*\.(jpg|png|webp|tif)$/.test(file),
  )) {
    const [facts, seen] = [factsOf(fixture(name)), await sharp(fixture(name)).metadata()];
    assert.equal(facts.format, formats[seen.format], name);
    assert.equal(facts.orientation ?? 1, seen.orientation ?? 1, name);
    assert.equal(facts.profile !== undefined, seen.icc !== undefined, name);
    assert.equal(facts.colour === 'CMYK', seen.space === 'cmyk', name);
    if (seen.format === 'jpeg') {
      assert.equal(facts.progressive, seen.isProgressive, name);
      if (seen.chromaSubsampling.startsWith('4:') && seen.space !== 'cmyk')
        assert.equal(facts.subsampling ?? '4:4:4', seen.chromaSubsampling, name);
    }
  }
  for (const quality of [30, 60, 75, 90, 95]) {
    assert.equal(factsOf(fixture(`quality-${quality}.jpg`)).quality, quality);
    assert.ok(Math.abs(factsOf(fixture(`quality-${quality}.webp`)).quality - quality) <= 5);
  }
  assert.equal(factsOf(await pattern(20, 20).webp({ lossless: true }).toBuffer()).lossless, true);
  assert.equal(factsOf(await pattern(20, 20).toColourspace('rgb16').png().toBuffer()).depth, 16);
  const named = await pattern(20, 20).withIccProfile('p3').png().toBuffer();
  assert.match(factsOf(named).profile, /p3/i);
});

test('a file that breaks off or says nonsense is described as far as it goes', () => {
  for (const name of ['orient-6.jpg', 'orient-6.webp', 'orient-6.tif', 'icc-p3.png', 'quality-60.webp']) {
    const file = fixture(name);
    for (let length = 0; length < file.length; length += Math.ceil(file.length / 97)) {
      assert.equal(typeof factsOf(file.subarray(0, length)).format, 'string');
      const wild = Buffer.from(file);
      wild.fill(255, length, Math.min(length + 4, wild.length));
      assert.equal(typeof factsOf(wild).format, 'string');
    }
  }
});

test('a picture is shown upright and in sRGB, pixel for pixel', () =>
  withPlayground(async ({ api }) => {
    for (const name of ['orient-6.jpg', 'orient-8.jpg']) {
      const { id, facts } = await api.open(fixture(name), name);
      const { data, info } = await sharp(fixture(name))
        .autoOrient()
        .ensureAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      assert.deepEqual([facts.width, facts.height], [info.width, info.height]);
      const tile = await api.bytes(`tiles/${id}/0/0/0`);
      for (let y = 0; y < info.height; y++) {
        const row = tile.subarray(y * TILE * 4, (y * TILE + info.width) * 4);
        const wanted = data.subarray(y * info.width * 4, (y + 1) * info.width * 4);
        // Decoders of JPEG differ in the last bit.
        for (let i = 0; i < row.length; i++)
          assert.ok(Math.abs(row[i] - wanted[i]) <= 2, `${name} ${y} ${i}`);
      }
    }
  }));

test('every level of a surface is the mean of the one below, however it was written', async () => {
  const [width, height] = [700, 530];
  const { data } = await pattern(width, height, 4).raw().toBuffer({ resolveWithObject: true });
  const file = `${process.env.TMPDIR ?? '/tmp'}/surface-test-${process.pid}`;
  const [whole, pieces] = [new Surface(`${file}-1`, width, height), new Surface(`${file}-2`, width, height)];
  try {
    await whole.fill({ width, height, channels: 4, data });
    for (let y = 0; y < height; y += 93) {
      for (let x = 0; x < width; x += 131) {
        const size = { width: Math.min(131, width - x), height: Math.min(93, height - y) };
        const part = sharp(data, { raw: { width, height, channels: 4 } }).extract({
          left: x,
          top: y,
          ...size,
        });
        pieces.write(x, y, { ...size, channels: 4, data: await part.raw().toBuffer() });
      }
    }
    assert.deepEqual(Buffer.from(whole.area(0, 0, width, height)), data);
    whole.levels.forEach(({ columns, rows }, level) => {
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++)
          assert.ok(whole.tile(level, x, y).equals(pieces.tile(level, x, y)), `${level} ${x} ${y}`);
      }
    });
    const top = whole.levels.length - 1;
    assert.deepEqual(
      [whole.levels[top].columns, whole.levels[top].rows, whole.tile(top, 1, 0)],
      [1, 1, undefined],
    );
    // Of the opaque half, red is 255 x / width: its mean over 2^top columns is known.
    const at = 20 * 4;
    const middle = (20.5 * 2 ** top - 0.5) * (255 / width);
    assert.ok(Math.abs(whole.tile(top, 0, 0)[at] - middle) <= 1.5);
    assert.equal(whole.tile(top, 0, 0)[at + 3], 255);
  } finally {
    whole.close();
    pieces.close();
  }
});

test('the default takes what the page says that it takes', () =>
  withPlayground(async ({ api }) => {
    const files = {
      'clean.png': await pattern(40, 32).png().toBuffer(),
      'good.jpg': await pattern(40, 32).jpeg({ quality: 97 }).toBuffer(),
      'fair.jpg': await pattern(40, 32).jpeg({ quality: 80 }).toBuffer(),
      'poor.jpg': await pattern(40, 32).jpeg({ quality: 35 }).toBuffer(),
      'poor.webp': await pattern(40, 32).webp({ quality: 30 }).toBuffer(),
    };
    for (const [name, bytes] of Object.entries(files)) {
      const { id } = await api.open(bytes, name);
      for (const scale of [2, 4]) {
        const { model, why } = await api.json(`pictures/${id}/choice/${scale}`);
        const run = await api.run({
          picture: id,
          model: { id: 'default' },
          options: { scale, format: 'png' },
        });
        const { result } = await api.settled(run.id);
        assert.equal(result.model, model, `${name} ${scale}: ${why}`);
      }
    }
  }));

test('a run gives the file that the library gives, and shows it', () =>
  withPlayground(async ({ api }) => {
    const picture = await pattern(90, 70).png().toBuffer();
    const { id } = await api.open(picture, 'p.png');
    const upscaler = new Upscaler({ model: 'span-2x' });
    for (const options of [
      {},
      { scale: 3, format: 'webp', quality: 50 },
      { patchSize: 64, padding: 16, format: 'tiff' },
    ]) {
      const run = await api.run({ picture: id, model: { id: 'span-2x' }, options });
      const { state, surface, result } = await api.settled(run.id);
      assert.equal(state, 'done');
      const { data, info } = await upscaler.upscale(picture, { ...options, resolveWithObject: true });
      assert.ok((await api.bytes(`runs/${run.id}/file`)).equals(data));
      assert.deepEqual([result.width, result.height, result.size], [info.width, info.height, data.length]);
      assert.ok(result.peakMemory > 10e6 && result.durationMs > 0);
      const shown = await api.bytes(`tiles/${surface.id}/0/0/0`);
      const wanted = await sharp(data)
        .ensureAlpha()
        .extract({ left: 0, top: 0, width: 140, height: 140 })
        .raw()
        .toBuffer();
      for (let y = 0; y < 140; y++) {
        const [row, line] = [
          shown.subarray(y * TILE * 4, y * TILE * 4 + 560),
          wanted.subarray(y * 560, (y + 1) * 560),
        ];
        for (let i = 0; i < 560; i++)
          assert.ok(Math.abs(row[i] - line[i]) <= 3, `${JSON.stringify(options)} ${y} ${i}`);
      }
    }
    await upscaler.dispose();
  }));

test('tiles are there before the run is done, for each pass', () =>
  withPlayground(async ({ api }) => {
    const { id } = await api.open(await pattern(200, 150).jpeg({ quality: 40 }).toBuffer(), 'p.jpg');
    const events = await api.request('events');
    const reader = events.body.pipeThrough(new TextDecoderStream()).getReader();
    const run = await api.run({
      picture: id,
      model: { id: 'default' },
      options: { scale: 4, format: 'png', patchSize: 96, padding: 20 },
    });
    const seen = [];
    for (let rest = ''; seen.at(-1)?.state !== 'done';) {
      const parts = (rest + (await reader.read()).value).split('\n');
      rest = parts.pop();
      seen.push(...parts.map((line) => JSON.parse(line)).filter((event) => event.id === run.id));
      assert.notEqual(seen.at(-1)?.state, 'failed');
    }
    await reader.cancel();
    const tiles = seen.filter(({ tile }) => tile);
    const areas = {};
    for (const { surface, tile } of tiles) {
      assert.ok(
        tile.x >= 0 &&
          tile.y >= 0 &&
          tile.x + tile.width <= surface.width &&
          tile.y + tile.height <= surface.height,
      );
      areas[`${surface.width}x${surface.height}`] =
        (areas[`${surface.width}x${surface.height}`] ?? 0) + tile.width * tile.height;
    }
    // First the compression is taken away, at twice the size; then the picture is upscaled, from its own.
    assert.deepEqual(areas, { '400x300': 400 * 300, '800x600': 800 * 600 });
    const fractions = seen.map(({ fraction }) => fraction);
    assert.deepEqual(
      fractions,
      fractions.toSorted((a, b) => a - b),
    );
  }));

test('a cancelled run stops, a waiting one never starts, and the next one works', () =>
  withPlayground(async ({ api }) => {
    const large = await api.open(await pattern(700, 600).png().toBuffer(), 'large.png');
    const first = await api.run({
      picture: large.id,
      model: { id: 'photo-4x' },
      options: { patchSize: 160, padding: 32 },
    });
    const second = await api.run({ picture: large.id, model: { id: 'span-2x' } });
    await api.settled(first.id, ({ fraction }) => fraction > 0);
    await api.json(`runs/${second.id}/cancel`, { method: 'POST' });
    await api.json(`runs/${first.id}/cancel`, { method: 'POST' });
    const { state, fraction } = await api.settled(first.id);
    assert.equal(state, 'cancelled');
    assert.ok(fraction < 1);
    assert.equal((await api.settled(second.id)).state, 'cancelled');
    const small = await api.open(await pattern(32, 32).png().toBuffer(), 'small.png');
    const next = await api.run({ picture: small.id, model: { id: 'span-2x' } });
    assert.equal((await api.settled(next.id)).state, 'done');
  }));

test('what cannot be used is refused with the library’s words and code', () =>
  withPlayground(async ({ api }) => {
    await assert.rejects(api.open(Buffer.from('hello world, no picture'), 'x.png'), {
      status: 422,
      code: 'ERR_UPSCALER_UNSUPPORTED_FORMAT',
    });
    const truncated = (await pattern(64, 64).jpeg().toBuffer()).subarray(0, 500);
    await assert.rejects(api.open(truncated, 'x.jpg'), { status: 422, code: 'ERR_UPSCALER_DECODE' });
    await assert.rejects(api.run({ picture: 'p99', model: { id: 'span-2x' } }), { status: 404 });
    const { id } = await api.open(await pattern(32, 32).png().toBuffer(), 'x.png');
    await assert.rejects(api.run({ picture: id, model: {} }), { status: 400 });
    const failed = async (model, options) =>
      (await api.settled((await api.run({ picture: id, model, options })).id)).error.code;
    assert.equal(await failed({ id: 'spam-2x' }), 'ERR_UPSCALER_MODEL_NOT_FOUND');
    assert.equal(await failed({ id: 'span-2x' }, { scale: -1 }), 'ERR_INVALID_ARG_VALUE');
    assert.equal(await failed({ id: 'span-2x' }, { scale: 1000 }), 'ERR_UPSCALER_LIMIT');
    const path = new URL('../../models/span/2x.onnx', import.meta.url).pathname;
    assert.equal(
      await failed({ id: path }),
      'ERR_UPSCALER_MODEL_NOT_FOUND',
      'a path of this machine is no model',
    );
    for (const tile of [
      `${id}/9/0/0`,
      `${id}/0/5/0`,
      `${id}.cubist.64x64/0/0/0`,
      `${id}.lanczos.64x64/0/9/9`,
    ]) {
      assert.equal((await api.request(`tiles/${tile}`)).status, 404, tile);
    }
    assert.equal((await api.request(`tiles/${id}.lanczos.9999x9999/0/0/0`)).status, 400);
  }));

test('a model file of one’s own is read, described and run', () =>
  withPlayground(async ({ api }) => {
    const { id: upload } = await api.json('uploads', { method: 'POST' });
    await api.json(`uploads/${upload}/files`, {
      method: 'POST',
      body: nearest(),
      headers: { 'x-file-name': 'my-model.onnx' },
    });
    const model = await api.json(`uploads/${upload}/model`, {
      method: 'POST',
      body: JSON.stringify({ inputRange: [0, 255], outputRange: [0, 255] }),
    });
    assert.equal(model.info.scale, 2);
    assert.deepEqual(model.definition, {
      path: 'my-model.onnx',
      inputRange: [0, 255],
      outputRange: [0, 255],
    });
    const { id } = await api.open(await pattern(30, 20).png().toBuffer(), 'x.png');
    const run = await api.run({ picture: id, model: { id: model.id } });
    const { state, result } = await api.settled(run.id);
    assert.deepEqual([state, result.width, result.height], ['done', 60, 40]);
    const { data } = await sharp(await api.bytes(`runs/${run.id}/file`))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const source = await pattern(30, 20).raw().toBuffer();
    for (let y = 0; y < 40; y++) {
      for (let i = 0; i < 180; i++)
        assert.equal(data[y * 180 + i], source[(y >> 1) * 90 + Math.floor(i / 6) * 3 + (i % 3)]);
    }
    const { id: other } = await api.json('uploads', { method: 'POST' });
    await api.json(`uploads/${other}/files`, {
      method: 'POST',
      body: Buffer.from('not a network'),
      headers: { 'x-file-name': 'bad.onnx' },
    });
    await assert.rejects(api.json(`uploads/${other}/model`, { method: 'POST', body: '{}' }), {
      status: 422,
      code: 'ERR_UPSCALER_MODEL_LOAD',
    });
  }));

test('a measurement ranks by what was lost, and names what fails', () =>
  withPlayground(async ({ api }) => {
    const photo = await api.json('samples/photo', { method: 'POST' });
    const measured = async (body) => {
      const response = await api.request('measure', {
        method: 'POST',
        body: JSON.stringify({ picture: photo.id, scale: 2, ...body }),
      });
      return (await response.text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    };
    const clean = await measured({ models: [{ id: 'span-2x' }, { id: 'nothing' }] });
    const row = (events, id) => events.find((event) => event.type === 'row' && event.id === id);
    assert.equal(clean.at(-1).type, 'done');
    const truth = clean.find(({ type }) => type === 'truth');
    assert.deepEqual([truth.width, truth.reduced.width, truth.cropped], [208, 104, false]);
    // SPAN was trained for just this, and beats both filters by decibels on a photo.
    for (const filter of ['bicubic', 'lanczos']) {
      for (const figure of ['psnr', 'ssim', 'haarPsi'])
        assert.ok(row(clean, 'span-2x')[figure] > row(clean, filter)[figure], `${filter} ${figure}`);
    }
    assert.equal(row(clean, 'nothing').error.code, 'ERR_UPSCALER_MODEL_NOT_FOUND');
    const saved = await measured({ models: [{ id: 'default' }], quality: 30 });
    assert.ok(row(saved, 'lanczos').psnr < row(clean, 'lanczos').psnr);
    assert.equal(row(saved, 'default').ran, 'photo-2x');
    assert.equal((await measured({ models: [], scale: 99 })).at(-1).type, 'error');
    const tiny = await api.open(await pattern(30, 30).png().toBuffer(), 'tiny.png');
    assert.equal((await measured({ picture: tiny.id, models: [] })).at(-1).type, 'error');
  }));

test('what a model costs on this machine is measured while nothing runs', () =>
  withPlayground(
    async ({ api }) => {
      const reader = (await api.request('events')).body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ''; !/"type":"cost"/.test(text);) text += (await reader.read()).value;
      await reader.cancel();
      const { costs } = await api.json('state');
      assert.ok(costs['span-2x'] > 0);
    },
    { measureCosts: true },
  ));

test('the page, its font and its samples are at most 300 kB', () => {
  let total = 0;
  for (const folder of ['page', 'samples']) {
    const root = new URL(`../../playground/${folder}/`, import.meta.url);
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) total += readFileSync(`${entry.parentPath ?? entry.path}/${entry.name}`).length;
    }
  }
  assert.ok(total <= 300e3, `${total} bytes`);
});

'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const sharp = require('sharp');
const Upscaler = require('..');
const {
  NEAREST,
  decode,
  largestDifference,
  pattern,
  photo,
  pixel,
  psnr,
  readWith,
  toTensor,
  visible,
} = require('./support/pixels');

/** Turned, grey, transparent, deep, printed and wide-gamut pictures, through the whole path. */

const RASTER = path.join(__dirname, '..', 'tests', 'fixtures', 'raster');
const fixture = (name) => fs.readFileSync(path.join(RASTER, name));

let upscaler;
let doubler;
before(() => {
  upscaler = new Upscaler();
  doubler = new Upscaler({ model: NEAREST });
});
after(() => Promise.all([upscaler.dispose(), doubler.dispose()]));

const RED = [255, 0, 0];
const GREEN = [0, 255, 0];
const BLUE = [0, 0, 255];
const WHITE = [255, 255, 255];

/** The colours at the four corners, each at its nearest pure one. */
function corners(pixels) {
  const [right, bottom] = [pixels.width - 4, pixels.height - 4];
  return [
    pixel(pixels, 3, 3),
    pixel(pixels, right, 3),
    pixel(pixels, 3, bottom),
    pixel(pixels, right, bottom),
  ].map((colour) => colour.slice(0, 3).map((value) => (value > 127 ? 255 : 0)));
}

for (const file of [
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => `orient-${orientation}.jpg`),
  'orient-6.png',
  'orient-6.tif',
  'orient-6.webp',
]) {
  test(`${file} comes out upright`, async () => {
    const encoded = await decode(await upscaler.upscale(fixture(file), { format: 'png' }));
    assert.deepEqual([encoded.width, encoded.height], [48, 32]);
    assert.deepEqual(corners(encoded), [RED, GREEN, BLUE, WHITE]);
    const raw = await upscaler.upscale(fixture(file), { output: 'raw' });
    assert.deepEqual(corners(raw), [RED, GREEN, BLUE, WHITE]);
  });
}

test('autoOrient: false leaves a picture as it was stored', async () => {
  const raw = await upscaler.upscale(fixture('orient-6.jpg'), { output: 'raw', autoOrient: false });
  assert.deepEqual([raw.width, raw.height], [32, 48]);
  const stored = await decode(await sharp(fixture('orient-6.jpg')).png().toBuffer());
  assert.deepEqual(corners(raw), corners(stored));
});

test('grey stays grey, and is the grey of the same picture in colour', async () => {
  const colour = await photo('camera.png', { left: 150, top: 60, width: 50, height: 40 });
  const grey = await sharp(colour.data, { raw: colour }).toColourspace('b-w').png().toBuffer();
  const file = await upscaler.upscale(grey);
  const { channels, space } = await sharp(file).metadata();
  assert.deepEqual({ channels, space }, { channels: 1, space: 'b-w' });

  const plane = await upscaler.upscale(grey, { output: 'tensor' });
  assert.deepEqual(plane.shape, [80, 100, 1]);
  const read = await sharp(grey).toColourspace('b-w').raw().toBuffer();
  const three = await upscaler.upscale(
    {
      data: Buffer.from([...read].flatMap((value) => [value, value, value])),
      width: 50,
      height: 40,
      channels: 3,
    },
    { output: 'tensor' },
  );
  // BT.601, as JPEG has it.
  const luma = plane.data.map(
    (_, i) => 0.299 * three.data[3 * i] + 0.587 * three.data[3 * i + 1] + 0.114 * three.data[3 * i + 2],
  );
  assert.ok(largestDifference(plane.data, luma) < 0.01);
});

/** A red disc on nothing, in which green is stored. */
function disc(size) {
  const data = Buffer.alloc(size * size * 4);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const inside = Math.hypot(x - size / 2, y - size / 2) < size / 3;
      data.set(inside ? [220, 30, 20, 255] : [0, 255, 0, 0], (y * size + x) * 4);
    }
  }
  return { data, width: size, height: size, channels: 4 };
}

test('the colour that is hidden under transparency does not bleed into the edge', async () => {
  for (const alpha of ['model', 'resample']) {
    const file = await upscaler.upscale(disc(40), { format: 'png', alpha });
    const { data, width, height, channels } = await decode(file);
    assert.deepEqual([width, height, channels], [80, 80, 4]);
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 8) assert.ok(data[i + 1] < 60, `green ${data[i + 1]} where alpha is ${data[i + 3]}`);
    }
    assert.ok(pixel({ data, width, channels }, 0, 0)[3] <= 2);
    assert.ok(pixel({ data, width, channels }, 40, 40)[3] >= 250);
  }
});

test('alpha is upscaled by the model, as a grey picture would be, but where it is the same all around', async () => {
  const picture = disc(40);
  const { data } = await upscaler.upscale(picture, { output: 'tensor' });
  const plane = { data: picture.data.filter((_, i) => i % 4 === 3), width: 40, height: 40, channels: 1 };
  const alone = await upscaler.upscale(plane, { output: 'tensor' });
  const alpha = data.filter((_, i) => i % 4 === 3);
  const at = (x, y) => plane.data[Math.min(y, 39) * 40 + Math.min(x, 39)];
  let kept = 0;
  for (let i = 0; i < alpha.length; i++) {
    const [x, y] = [(i % 80) >> 1, Math.floor(i / 160)];
    let changes = false;
    for (let v = Math.max(0, y - 8); v <= Math.min(39, y + 8); v++) {
      for (let u = Math.max(0, x - 8); u <= Math.min(39, x + 8); u++) {
        changes ||= at(u, v) !== at(u + 1, v) || at(u, v) !== at(u, v + 1);
      }
    }
    if (changes) assert.ok(Math.abs(alpha[i] - alone.data[i]) < 0.01, `${alpha[i]} at ${x}, ${y}`);
    else assert.equal(alpha[i], at(x, y), `at ${x}, ${y}`);
    kept += changes ? 0 : 1;
  }
  assert.ok(kept > 100 && kept < 3000, `${kept} pixels kept`);
});

/** A line of bytes twice as long, by Lanczos's kernel of three lobes (Duchon 1979), normalised at the ends. */
function lanczos(line) {
  const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
  return Array.from({ length: 2 * line.length }, (_, i) => {
    const centre = (i + 0.5) / 2 - 0.5;
    const weights = line.map((_, j) =>
      Math.abs(j - centre) < 3 ? sinc(j - centre) * sinc((j - centre) / 3) : 0,
    );
    const total = weights.reduce((sum, weight) => sum + weight);
    const value = line.reduce((sum, value, j) => sum + (value * weights[j]) / total, 0);
    return Math.min(255, Math.max(0, value));
  });
}

test('or resampled', async () => {
  // Smooth enough that nothing is cut off at 0 or 255 between the two directions.
  const picture = pattern(40, 40, 4);
  const { data } = await upscaler.upscale(picture, { output: 'raw', alpha: 'resample' });
  const plane = Array.from({ length: 40 }, (_, y) =>
    lanczos(Array.from({ length: 40 }, (_, x) => picture.data[(y * 40 + x) * 4 + 3])),
  );
  for (const x of [0, 22, 23, 40, 79]) {
    const expected = lanczos(plane.map((row) => row[x]));
    const found = Array.from({ length: 80 }, (_, y) => data[(y * 80 + x) * 4 + 3]);
    assert.ok(largestDifference(found, expected) <= 2, `column ${x}`);
  }
});

test('or removed, onto a background', async () => {
  const picture = disc(24);
  const { data, channels } = await readWith(doubler, picture, { alpha: 'remove', background: '#2040ff' });
  assert.equal(channels, 3);
  const flattened = await sharp(picture.data, { raw: picture })
    .flatten({ background: '#2040ff' })
    .raw()
    .toBuffer();
  assert.ok(largestDifference(data, flattened) <= 1);
  assert.equal((await sharp(await doubler.upscale(picture, { format: 'jpeg' })).metadata()).channels, 3);
});

test('alpha that is the same everywhere stays what it is, in grey pictures too', async () => {
  for (const channels of [2, 4]) {
    const picture = pattern(20, 16, channels);
    picture.data.forEach((_, i) => {
      if (i % channels === channels - 1) picture.data[i] = 77;
    });
    const found = await upscaler.upscale(picture, { output: 'raw' });
    assert.equal(found.channels, channels);
    assert.ok(found.data.every((value, i) => i % channels !== channels - 1 || value === 77));
  }
});

/** 16-bit samples that no 8-bit picture could hold. */
function deepPicture() {
  const data = Uint16Array.from({ length: 32 * 24 * 3 }, (_, i) => (i * 7919) % 65536);
  return { data, width: 32, height: 24, channels: 3 };
}

test('16 bits are read and written in full', async () => {
  const picture = deepPicture();
  for (const format of ['png', 'tiff']) {
    const source = await sharp(picture.data, { raw: picture })
      .toColourspace('rgb16')
      .toFormat(format, { compression: 'deflate' })
      .toBuffer();
    assert.equal((await sharp(source).metadata()).depth, 'ushort');
    assert.deepEqual((await readWith(doubler, source)).data, picture.data, `${format} in`);

    const file = await doubler.upscale(picture, { format });
    assert.equal((await sharp(file).metadata()).depth, 'ushort');
    const raw = await sharp(file).toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer();
    const samples = new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2);
    assert.deepEqual(Array.from(samples.subarray(0, 3)), Array.from(picture.data.subarray(0, 3)));
    const [last, middle] = [samples.slice(-3), samples.subarray((20 * 64 + 30) * 3, (20 * 64 + 30) * 3 + 3)];
    assert.deepEqual(last, picture.data.slice(-3));
    assert.deepEqual(
      middle,
      picture.data.subarray((10 * 32 + 15) * 3, (10 * 32 + 15) * 3 + 3),
      `${format} out`,
    );
  }
});

test('depth chooses between 8 and 16 bits', async () => {
  const deep = await doubler.upscale(deepPicture(), { output: 'raw' });
  assert.ok(deep.data instanceof Uint16Array);
  const shallow = await doubler.upscale(deepPicture(), { output: 'raw', depth: 8 });
  assert.ok(Buffer.isBuffer(shallow.data));
  assert.ok(
    largestDifference(
      shallow.data,
      deep.data.map((value) => Math.round(value / 257)),
    ) === 0,
  );

  const widened = await upscaler.upscale(pattern(16, 16, 3), { output: 'raw', depth: 16 });
  const tensor = await upscaler.upscale(pattern(16, 16, 3), { output: 'tensor' });
  assert.ok(
    largestDifference(
      widened.data,
      tensor.data.map((value) => value * 257),
    ) <= 1,
  );
  assert.equal(
    (await sharp(await upscaler.upscale(deepPicture(), { format: 'webp' })).metadata()).depth,
    'uchar',
  );
});

for (const [file, tolerance] of [
  ['icc-p3.png', 1],
  ['icc-adobe.png', 1],
  ['icc-prophoto.png', 1],
  ['icc-srgb.png', 0],
  ['icc-p3.webp', 1],
  ['icc-p3.tif', 1],
  ['icc-p3.jpg', 3],
  ['icc-grey.png', 2],
]) {
  test(`${file} comes out in sRGB, within ${tolerance} of what sharp makes of it`, async () => {
    const found = await readWith(doubler, fixture(file));
    const expected = await decode(await sharp(fixture(file)).toColourspace('srgb').png().toBuffer());
    assert.ok(largestDifference(visible(found), visible(expected)) <= tolerance);
  });
}

for (const file of ['cmyk.jpg', 'cmyk.tif']) {
  test(`${file}: untagged inks look printed, within 24 of what sharp makes of them`, async () => {
    const found = await readWith(doubler, fixture(file));
    const expected = await decode(await sharp(fixture(file)).png().toBuffer());
    assert.equal(found.channels, 3);
    for (let patch = 0; patch < 8; patch++) {
      const [x, y] = [(patch % 4) * 8 + 4, Math.floor(patch / 4) * 8 + 4];
      assert.ok(largestDifference(pixel(found, x, y), pixel(expected, x, y)) <= 24, `patch ${patch}`);
    }
  });
}

test('keepMetadata: the profile stays, and the colours are in it', async () => {
  const source = fixture('icc-p3.png');
  const plain = await doubler.upscale(source);
  assert.equal((await sharp(plain).metadata()).icc, undefined);
  const kept = await doubler.upscale(source, { keepMetadata: 'icc' });
  assert.deepEqual((await sharp(kept).metadata()).icc, (await sharp(source).metadata()).icc);
  // Colours of the wide gamut that sRGB cut off do not come back: what is compared is what both can show.
  const shown = await decode(await sharp(kept).toColourspace('srgb').png().toBuffer());
  assert.ok(psnr(shown.data, (await decode(plain)).data) > 45);
});

test("keepMetadata: 'all' keeps EXIF, upright, in formats that have a place for it", async () => {
  const colour = await photo('chelsea.png', { left: 10, top: 10, width: 24, height: 16 });
  const source = await sharp(colour.data, { raw: colour })
    .withExif({ IFD0: { Copyright: 'someone', Orientation: '6' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  for (const format of ['jpeg', 'png', 'webp']) {
    const metadata = await sharp(await doubler.upscale(source, { format, keepMetadata: 'all' })).metadata();
    assert.deepEqual([metadata.width, metadata.height], [32, 48]);
    assert.ok([undefined, 1].includes(metadata.orientation), `${format}: ${metadata.orientation}`);
    assert.ok(metadata.exif?.includes('someone'), format);
    const bare = await sharp(await doubler.upscale(source, { format })).metadata();
    assert.ok(!bare.exif?.includes('someone'), format);
  }
});

test('any final size, by scale, width, height and fit', async () => {
  const picture = pattern(30, 20, 3);
  const size = async (options) => {
    const { info } = await upscaler.upscale(picture, { ...options, output: 'raw', resolveWithObject: true });
    return [info.width, info.height];
  };
  assert.deepEqual(await size({ scale: 1.5 }), [45, 30]);
  assert.deepEqual(await size({ scale: 3 }), [90, 60]);
  assert.deepEqual(await size({ scale: 4 }), [120, 80]);
  assert.deepEqual(await size({ scale: 0.5 }), [15, 10]);
  assert.deepEqual(await size({ width: 100 }), [100, 67]);
  assert.deepEqual(await size({ height: 50 }), [75, 50]);
  for (const fit of ['cover', 'contain', 'fill', 'inside', 'outside']) {
    const { info } = await sharp(picture.data, { raw: picture })
      .resize(64, 64, { fit })
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual(await size({ width: 64, height: 64, fit }), [info.width, info.height], fit);
  }
});

test('a size between is resampled from the one above, as sharp would', async () => {
  const picture = await photo('rocket.jpg', { left: 250, top: 100, width: 40, height: 30 });
  const twice = await upscaler.upscale(picture, { output: 'raw' });
  const found = await upscaler.upscale(picture, { output: 'raw', scale: 1.5 });
  const expected = await sharp(twice.data, { raw: twice })
    .resize(60, 45, { kernel: 'lanczos3' })
    .raw()
    .toBuffer();
  assert.ok(psnr(found.data, expected) > 45);
});

/** Colours times alpha: what little of a colour shows is not compared as if it showed in full. */
function premultiplied(data, channels) {
  return Float32Array.from(data, (value, i) => {
    const last = i - (i % channels) + channels - 1;
    return i === last ? value : (value * data[last]) / 255;
  });
}

for (const channels of [2, 4]) {
  for (const [kind, alpha] of [
    ['opaque', () => 255],
    ['half transparent', () => 128],
    ['cut out', (x) => (x < 20 ? 0 : 255)],
  ]) {
    test(`a smaller ${kind} picture of ${channels} channels is that of sharp, in every form`, async () => {
      const picture = pattern(40, 30, channels);
      for (let i = 0; i < 40 * 30; i++) picture.data[(i + 1) * channels - 1] = alpha(i % 40);
      // It rounds colour that is premultiplied to 8 bits.
      const { data, info } = await sharp(picture.data, { raw: picture })
        .resize(20, 15, { kernel: 'lanczos3' })
        .raw()
        .toBuffer({ resolveWithObject: true });
      const expected = visible({ ...info, data });
      for (const mode of ['model', 'resample']) {
        const options = { width: 20, alpha: mode };
        const raw = await upscaler.upscale(picture, { ...options, output: 'raw' });
        assert.deepEqual([raw.channels, raw.height], [channels, 15]);
        assert.ok(psnr(visible(raw), expected) > 43, mode);
        const tensor = await upscaler.upscale(picture, { ...options, output: 'tensor' });
        assert.ok(psnr(premultiplied(tensor.data, channels), premultiplied(raw.data, channels)) > 45, mode);
        const png = await decode(await upscaler.upscale(picture, options));
        assert.equal(largestDifference(visible(png), visible(raw)), 0, mode);
        const jpeg = await sharp(await upscaler.upscale(picture, { ...options, format: 'jpeg' })).metadata();
        assert.deepEqual([jpeg.width, jpeg.height], [20, 15]);
      }
    });
  }
}

test('a tensor of any size is within 0 and 255, beside hard edges too', async () => {
  for (const channels of [1, 2, 3, 4]) {
    const data = new Uint8Array(60 * 60 * channels).fill(255);
    for (let y = 20; y < 40; y++) data.fill(0, (60 * y + 20) * channels, (60 * y + 40) * channels);
    for (const options of [{ width: 53 }, { scale: 1 }, { width: 90 }, { width: 90, alpha: 'resample' }]) {
      const image = { data, width: 60, height: 60, channels };
      const tensor = await upscaler.upscale(image, { ...options, output: 'tensor' });
      assert.ok(tensor.data.every((value) => value >= 0 && value <= 255));
    }
  }
});

test('contain fills the rest with the background', async () => {
  const picture = toTensor(pattern(30, 10, 3));
  const found = await upscaler.upscale(picture, {
    output: 'raw',
    width: 60,
    height: 60,
    fit: 'contain',
    background: [9, 8, 7],
  });
  assert.deepEqual(pixel(found, 30, 3), [9, 8, 7]);
  assert.deepEqual(pixel(found, 30, 56), [9, 8, 7]);
  assert.notDeepEqual(pixel(found, 30, 30), [9, 8, 7]);
});

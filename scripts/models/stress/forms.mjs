/** The same part of a photograph, and extremes, in every form that a file has: turned by EXIF, grey, 16 bits, alpha. */
import { createRequire } from 'node:module';
import { drawn, paint, rgb } from './picture.mjs';
import { random } from './random.mjs';

const sharp = createRequire(import.meta.url)('sharp');

/**
 * @typedef {import('./picture.mjs').Picture} Picture
 * @typedef {import('./picture.mjs').Rgb} Rgb
 */

/**
 * @param {string} seed
 * @param {Rgb} photograph
 * @returns {Promise<Picture[]>}
 */
export async function forms(seed, photograph) {
  const photo = sharp(photograph.data, { raw: photograph });
  const word = await drawn(
    '<svg xmlns="http://www.w3.org/2000/svg" width="150" height="60"><rect width="100%" height="100%" fill="#ffff00"/><text x="4" y="40" font-size="34" font-weight="bold" font-family="sans-serif" fill="#ff0000">Forms 16</text></svg>',
  );
  const text = sharp(word.data, { raw: word });
  const files = [];
  for (let orientation = 1; orientation <= 8; orientation++) {
    files.push([`exif-${orientation}`, await photo.clone().withMetadata({ orientation }).jpeg().toBuffer()]);
    files.push([
      `exif-${orientation}.png`,
      await text.clone().withMetadata({ orientation }).png().toBuffer(),
    ]);
  }
  for (const [name, image, original] of [
    ['photo', photo, photograph],
    ['text', text, word],
  ]) {
    files.push(
      [`${name}-grey.png`, await image.clone().toColourspace('b-w').png().toBuffer()],
      [`${name}-grey.jpg`, await image.clone().toColourspace('b-w').jpeg({ quality: 85 }).toBuffer()],
      [`${name}-palette.png`, await image.clone().png({ palette: true, colours: 16 }).toBuffer()],
      [`${name}-30.jpg`, await image.clone().jpeg({ quality: 30 }).toBuffer(), original],
      [`${name}-90.jpg`, await image.clone().jpeg({ quality: 90 }).toBuffer(), original],
      [`${name}-60.webp`, await image.clone().webp({ quality: 60 }).toBuffer(), original],
      [`${name}-16.png`, await image.clone().toColourspace('rgb16').png().toBuffer()],
    );
  }
  files.push(...(await deep(random(`${seed} forms`))));
  return Promise.all(
    files.map(async ([name, input, original]) => ({
      name: `form/${name}`,
      kind: 'form',
      origin: 'generated',
      input,
      pixels: await rgb(input),
      original,
    })),
  );
}

/** Extremes in 16 bits: black and white by pixel, a ramp finer than 8 bits, noise. */
async function deep(rng) {
  const side = 80;
  const rules = {
    'checker-16.png': (x, y) => ((x + y) % 2 ? 65535 : 0),
    'blocks-16.png': (x, y) => ((x >> 3) + (y >> 3)) % 2 && 65535,
    'ramp-16.png': (x) => 30000 + x * 20,
    'noise-16.png': () => rng.integer(0, 65535),
  };
  const made = [];
  for (const [name, rule] of Object.entries(rules)) {
    const data = Uint16Array.from({ length: side * side * 3 }, (_, i) =>
      rule(Math.floor(i / 3) % side, Math.floor(i / 3 / side)),
    );
    const raw = { width: side, height: side, channels: 3 };
    made.push([name, await sharp(data, { raw }).toColourspace('rgb16').png().toBuffer()]);
  }
  const opaque = paint(side, side, (x, y) => [x * 3, y * 3, ((x >> 2) + (y >> 2)) % 2 ? 255 : 0]);
  const alpha = Buffer.from(opaque.data);
  const rgba = Buffer.alloc(side * side * 4, 255);
  for (let i = 0; i < side * side; i++) alpha.copy(rgba, i * 4, i * 3, i * 3 + 3);
  made.push([
    'opaque-alpha.png',
    await sharp(rgba, { raw: { width: side, height: side, channels: 4 } })
      .png()
      .toBuffer(),
  ]);
  return made;
}

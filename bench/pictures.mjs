/**
 * node bench/pictures.mjs [words]: how long reading and writing take, beside sharp on the same threads: photos of 1 and 24
 * megapixels in each format. With words, only the rows whose names hold one of them: `TIFF "write jpeg" "24 MP"`.
 * It wants a release build (`npm run build -- --release`) and a quiet machine, and takes about three minutes.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const sharp = require('sharp');
const Upscaler = require('..');

const PHOTO = path.join(root, 'examples', 'images', 'astronaut.png');
const NEAREST = path.join(root, '__test__', 'fixtures', 'ncnn', 'nearest-2x.param');
const SIZES = { '1 MP': [1152, 864], '24 MP': [6000, 4000] };
const READ = {
  'JPEG 4:2:0': (image) => image.jpeg({ quality: 90 }),
  'JPEG progressive': (image) => image.jpeg({ quality: 90, progressive: true }),
  PNG: (image) => image.png(),
  'WebP lossy': (image) => image.webp({ quality: 85 }),
  'WebP lossless': (image) => image.webp({ lossless: true, effort: 1 }),
  'TIFF LZW': (image) => image.tiff({ compression: 'lzw' }),
  GIF: (image) => image.gif({ effort: 1 }),
  AVIF: (image) => image.avif({ quality: 60, effort: 1 }),
};
const WRITE = {
  jpeg: (image) => image.jpeg({ quality: 90, chromaSubsampling: '4:4:4' }),
  png: (image) => image.png({ compressionLevel: 3 }),
  webp: (image) => image.webp({ quality: 90 }),
  tiff: (image) => image.tiff({ compression: 'deflate' }),
  avif: (image) => image.avif({ quality: 90, chromaSubsampling: '4:4:4' }),
};

/** What is left out of a size: sharp takes a minute for each. */
const TOO_LONG = ['write avif 24 MP'];

const words = process.argv.slice(2).map((word) => word.toLowerCase());

function isWanted(what, size) {
  const name = `${what} ${size}`;
  const chosen = words.length === 0 || words.some((word) => name.toLowerCase().includes(word));
  return chosen && !TOO_LONG.includes(name);
}

/** The median of some runs, in milliseconds, the two sides in turn so that both meet the same weather. */
async function compare(ours, theirs, times) {
  const lists = [[], []];
  for (let i = 0; i <= times; i++) {
    for (const [side, work] of [ours, theirs].entries()) {
      const milliseconds = await work();
      // The first run warms up.
      if (i > 0) lists[side].push(milliseconds);
    }
  }
  return lists.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
}

async function timed(work) {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

const upscaler = new Upscaler({ model: NEAREST });
await upscaler.ready;
console.log('| what | size | upscaler-node | sharp | share of the time |\n| --- | --- | --- | --- | --- |');
const row = (what, size, [ours, theirs]) => {
  const cells = [
    what,
    size,
    `${ours.toFixed(1)} ms`,
    `${theirs.toFixed(1)} ms`,
    `${(ours / theirs).toFixed(2)}x`,
  ];
  console.log(`| ${cells.join(' | ')} |`);
};
for (const [size, [width, height]] of Object.entries(SIZES)) {
  // sharp writes an AVIF of 1 MP in three seconds.
  const times = (what) => (width > 3000 || what === 'write avif' ? 5 : 15);
  const image = sharp(PHOTO).resize(width, height, { fit: 'cover' }).removeAlpha();
  const { data: raw } = await image.raw().toBuffer({ resolveWithObject: true });
  const source = { raw: { width, height, channels: 3 } };
  for (const [format, encode] of Object.entries(READ)) {
    const what = `read ${format}`;
    if (!isWanted(what, size)) continue;
    const file = await encode(sharp(raw, source)).toBuffer();
    const ours = async () => {
      const options = { scale: 1, output: 'raw', resolveWithObject: true };
      return (await upscaler.upscale(file, options)).info.stages.decode;
    };
    row(what, size, await compare(ours, () => timed(() => sharp(file).raw().toBuffer()), times(what)));
  }
  for (const [format, encode] of Object.entries(WRITE)) {
    const what = `write ${format}`;
    if (!isWanted(what, size)) continue;
    const ours = async () => {
      const options = { scale: 1, format, resolveWithObject: true };
      return (await upscaler.upscale({ data: raw, width, height, channels: 3 }, options)).info.stages.encode;
    };
    const theirs = () => timed(() => encode(sharp(raw, source)).toBuffer());
    row(what, size, await compare(ours, theirs, times(what)));
  }
}
await upscaler.dispose();

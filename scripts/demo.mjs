/** `npm run demo`: on a fresh clone it installs, builds, and upscales a photo with the default model. */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from './build.mjs';
import { ROOT, install } from './install.mjs';

install();
build();

const require = createRequire(import.meta.url);
const { Upscaler } = require('../index.js');
const { Progress } = require('../bin/terminal/progress.js');

const PHOTO = path.join(ROOT, 'examples', 'images', 'astronaut.png');
const RESULT = path.join(ROOT, 'demo-output.png');

const upscaler = new Upscaler();
const photo = await readFile(PHOTO);
const started = performance.now();
await upscaler.ready;
const loaded = performance.now() - started;

const first = await upscaleWatched(photo, 'a photo');
await writeFile(RESULT, first.data);
// The result, at 1024 x 1024, is the next input: enough work to see whether it holds up the event loop.
const second = await upscaleWatched(first.data, 'the result');
await upscaler.dispose();

console.log(`
model loaded in ${ms(loaded)}
${describe('astronaut.png', photo, first)}
${describe('the result', first.data, second)}
picture: ${RESULT}`);

/**
 * Upscales with a progress bar, while a timer of 5 ms watches how late the event loop lets it fire.
 *
 * @param {Buffer} image
 * @param {string} label
 */
async function upscaleWatched(image, label) {
  const progress = new Progress(process.stdout, { total: 1, weight: 1 });
  progress.start(label, { label, weight: 1 });
  let last = performance.now();
  let gap = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    gap = Math.max(gap, now - last - 5);
    last = now;
  }, 5);
  try {
    const result = await upscaler.upscale(image, {
      progress: (fraction) => progress.update(label, fraction),
      resolveWithObject: true,
    });
    return { ...result, gap };
  } finally {
    clearInterval(timer);
    progress.stop();
  }
}

/**
 * @param {string} name
 * @param {Buffer} input
 * @param {Awaited<ReturnType<typeof upscaleWatched>>} result
 */
function describe(name, input, { info, gap }) {
  const [width, height] = pngSize(input);
  return (
    `${name}: ${width} x ${height} -> ${info.width} x ${info.height} with ${info.model}` +
    ` in ${ms(info.durationMs)}; a 5 ms timer was never more than ${ms(gap)} late`
  );
}

/** @param {Buffer} png */
function pngSize(png) {
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
}

/** @param {number} value */
function ms(value) {
  return `${Math.round(value)} ms`;
}

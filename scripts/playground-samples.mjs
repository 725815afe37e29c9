/**
 * `node scripts/playground-samples.mjs`: makes the playground's sample pictures, one of each kind that models are for.
 * Photos are parts of those in examples/images (public domain and CC0, see its README); the rest is drawn here.
 */
import { writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { ROOT } from './install.mjs';

const PHOTOS = `${ROOT}examples/images/`;
const FONT = 'DejaVu Sans';

const samples = {
  'photo.jpg': () =>
    part('astronaut.png', { left: 70, top: 0, width: 300, height: 300 }, 208)
      .jpeg({ quality: 94, chromaSubsampling: '4:4:4' })
      .toBuffer(),
  'compressed.jpg': () =>
    part('rocket.jpg', { left: 130, top: 30, width: 380, height: 320 }, 285).jpeg({ quality: 30 }).toBuffer(),
  'scan.jpg': oldScan,
  'drawing.png': () => drawn(drawing(), '#fff', { palette: false }),
  'screenshot.png': () => drawn(screenshot(), '#fff', { palette: true, colours: 64 }),
  'logo.png': () => drawn(logo(), undefined, { palette: false }),
  'grey.jpg': () =>
    part('chelsea.png', { left: 90, top: 20, width: 260, height: 220 }, 208)
      .greyscale()
      .jpeg({ quality: 93 })
      .toBuffer(),
};

for (const [file, make] of Object.entries(samples)) {
  const bytes = await make();
  writeFileSync(`${ROOT}playground/samples/${file}`, bytes);
  console.log(`${file} (${bytes.length} bytes)`);
}

/**
 * @param {string} file
 * @param {sharp.Region} region
 * @param {number} width
 */
function part(file, region, width) {
  return sharp(`${PHOTOS}${file}`).extract(region).resize({ width, kernel: 'lanczos3' });
}

/** Faded, toned, grainy, scratched and a little soft. */
async function oldScan() {
  const [width, height] = [220, 220];
  const grain = Buffer.from(noise(width * height));
  const faded = await part('camera.png', { left: 60, top: 20, width: 360, height: 360 }, width)
    .blur(0.7)
    .linear(0.72, 48)
    .composite([
      {
        input: await sharp(grain, { raw: { width, height, channels: 1 } })
          .png()
          .toBuffer(),
        blend: 'soft-light',
      },
      { input: Buffer.from(scratches(width, height)) },
    ])
    .png()
    .toBuffer();
  return sharp(faded).toColourspace('srgb').tint({ r: 196, g: 164, b: 120 }).jpeg({ quality: 62 }).toBuffer();
}

/**
 * A linear congruential generator: the same grain every time.
 *
 * @param {number} count
 */
function noise(count) {
  let state = 20;
  return Array.from({ length: count }, () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return 128 + ((state >>> 24) - 128) * 0.5;
  });
}

/** @param {number} width @param {number} height */
function scratches(width, height) {
  const random = noise(60).map((value) => (value - 64) / 128);
  const lines = Array.from({ length: 7 }, (_, i) => {
    const [x, y, tilt, long] = random.slice(i * 4, i * 4 + 4);
    return `<path d="M${x * width} ${y * height * 0.6} l${(tilt - 0.5) * 14} ${20 + long * 90}" stroke="#fff" stroke-opacity="0.55" stroke-width="${0.6 + tilt * 0.5}"/>`;
  });
  const dust = random
    .slice(30, 54)
    .map(
      (x, i) =>
        `<circle cx="${x * width}" cy="${random[(i * 7) % 54] * height}" r="0.9" fill="#fff" fill-opacity="0.7"/>`,
    );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" fill="none">${lines.join('')}${dust.join('')}</svg>`;
}

/**
 * @param {string} svg
 * @param {string | undefined} ground `undefined`: transparent
 * @param {sharp.PngOptions} options
 */
function drawn(svg, ground, options) {
  const picture = sharp(Buffer.from(svg));
  if (ground !== undefined) picture.flatten({ background: ground });
  return picture.png({ compressionLevel: 9, ...options }).toBuffer();
}

function drawing() {
  const line = 'stroke="#1d2433" stroke-width="3" stroke-linejoin="round" stroke-linecap="round"';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="192" viewBox="0 0 256 192">
  <rect width="256" height="192" fill="#bfe3f2"/>
  <circle cx="206" cy="42" r="22" fill="#ffd66b" ${line}/>
  <path d="M0 126 Q40 84 88 112 T176 104 T256 118 V192 H0Z" fill="#8fc98a" ${line}/>
  <path d="M0 152 Q70 124 128 150 T256 146 V192 H0Z" fill="#5fa777" ${line}/>
  <path d="M78 128 V84 L104 62 L130 84 V128Z" fill="#f6efe2" ${line}/>
  <path d="M70 88 L104 58 L138 88 L130 92 L104 70 L78 92Z" fill="#d5573b" ${line}/>
  <rect x="97" y="100" width="15" height="28" rx="2" fill="#8a5a3b" ${line}/>
  <rect x="84" y="92" width="9" height="9" fill="#9fd3ea" ${line} style="stroke-width:2"/>
  <rect x="116" y="92" width="9" height="9" fill="#9fd3ea" ${line} style="stroke-width:2"/>
  <path d="M168 136 V112" ${line}/><circle cx="168" cy="98" r="18" fill="#3f8f5f" ${line}/>
  <path d="M160 92 q8 -8 14 2" fill="none" ${line} style="stroke-width:2"/>
  <path d="M28 40 q8 -12 20 -4 q10 -10 20 2 q14 0 10 12 h-54 q-10 -4 4 -10z" fill="#fff" ${line} style="stroke-width:2.4"/>
  <path d="M190 168 q6 -14 14 0 q-7 6 -14 0z" fill="#f2c14e" ${line} style="stroke-width:2"/><path d="M204 166 l6 -3 v6z" fill="#f2c14e" ${line} style="stroke-width:2"/>
</svg>`;
}

function screenshot() {
  const row = (y, a, b, c, colour) =>
    `<text x="14" y="${y}" font-size="11" fill="#24292f">${a}</text><text x="128" y="${y}" font-size="11" fill="#57606a">${b}</text><text x="206" y="${y}" font-size="11" fill="${colour}">${c}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="270" height="180" font-family="${FONT}">
  <rect width="270" height="180" fill="#ffffff"/><rect width="270" height="26" fill="#f0f2f5"/>
  <circle cx="14" cy="13" r="4" fill="#ff5f57"/><circle cx="27" cy="13" r="4" fill="#febc2e"/><circle cx="40" cy="13" r="4" fill="#28c840"/>
  <text x="96" y="17" font-size="10" fill="#57606a">Build results</text>
  <text x="14" y="48" font-size="14" font-weight="bold" fill="#1f2328">Everything passed</text>
  ${row(72, 'decode.test.js', '1.24 s', 'passed', '#1a7f37')}${row(90, 'tiles.test.js', '0.87 s', 'passed', '#1a7f37')}
  ${row(108, 'colour.test.js', '3.02 s', 'skipped', '#9a6700')}${row(126, 'alpha.test.js', '0.51 s', 'passed', '#1a7f37')}
  <path d="M14 136 H256" stroke="#d0d7de"/><rect x="14" y="146" width="78" height="22" rx="5" fill="#0969da"/>
  <text x="26" y="161" font-size="11" fill="#fff">Run again</text><text x="104" y="161" font-size="9" fill="#57606a">4 files, 5.64 s, 0 failures</text>
</svg>`;
}

function logo() {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="120" font-family="${FONT}">
  <defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#ff8a3d"/><stop offset="1" stop-color="#d6246e"/></linearGradient></defs>
  <g transform="translate(52 60)"><path d="M0 -40 L35 -20 V20 L0 40 L-35 20 V-20Z" fill="url(#g)"/>
  <path d="M0 -22 L19 -11 V11 L0 22 L-19 11 V-11Z" fill="none" stroke="#fff" stroke-opacity="0.9" stroke-width="3"/><circle r="5" fill="#fff"/></g>
  <text x="98" y="58" font-size="24" font-weight="bold" fill="#2b2f77">hexa</text>
  <text x="98" y="80" font-size="13" fill="#2b2f77" fill-opacity="0.6" letter-spacing="2">studio</text>
</svg>`;
}

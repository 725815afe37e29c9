/**
 * node scripts/formats/cmyk-table.mjs: writes src/raster/colour/default_cmyk.table, what sharp makes of CMYK without a
 * profile, for 17 steps of each ink: a plane for each channel of sRGB, C slowest and K fastest, as differences from the
 * step of C before, deflated.
 */
import { createRequire } from 'node:module';
import fs from 'node:fs';
import { deflateRawSync } from 'node:zlib';

const sharp = createRequire(import.meta.url)('sharp');
const NODES = 17;
const WIDTH = NODES ** 2;

/** A TIFF of one strip, four inks of 8 bits (TIFF 6.0, sections 2 and 16). */
function cmykTiff(inks, width, height) {
  const BITS = 8;
  const entries = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, 4, BITS],
    [259, 3, 1, 1],
    [262, 3, 1, 5],
    [273, 4, 1, BITS + 8],
    [277, 3, 1, 4],
    [278, 4, 1, height],
    [279, 4, 1, inks.length],
  ];
  const head = Buffer.from('II*\0\0\0\0\0\b\0\b\0\b\0\b\0', 'latin1');
  head.writeUInt32LE(head.length + inks.length, 4);
  const directory = Buffer.alloc(2 + 12 * entries.length + 4);
  directory.writeUInt16LE(entries.length, 0);
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    directory.writeUInt16LE(tag, 2 + 12 * i);
    directory.writeUInt16LE(type, 4 + 12 * i);
    directory.writeUInt32LE(count, 6 + 12 * i);
    directory.writeUInt32LE(value, 10 + 12 * i);
  }
  return Buffer.concat([head, inks, directory]);
}

const inks = Buffer.alloc(NODES ** 4 * 4);
for (let i = 0; i < NODES ** 4; i++) {
  for (let ink = 0; ink < 4; ink++) {
    const node = Math.floor(i / NODES ** (3 - ink)) % NODES;
    inks[i * 4 + ink] = Math.round((node * 255) / (NODES - 1));
  }
}
const rgb = await sharp(cmykTiff(inks, WIDTH, WIDTH))
  .toColourspace('srgb')
  .raw()
  .toBuffer();
const target = new URL('../../src/raster/colour/default_cmyk.table', import.meta.url);
const differences = Buffer.alloc(NODES ** 4 * 3);
for (let i = 0; i < NODES ** 4; i++) {
  for (let channel = 0; channel < 3; channel++) {
    const before = i < NODES ** 3 ? 0 : rgb[(i - NODES ** 3) * 3 + channel];
    differences[channel * NODES ** 4 + i] = rgb[i * 3 + channel] - before;
  }
}
fs.writeFileSync(target, deflateRawSync(differences, { level: 9 }));

/**
 * A batch streams: the memory of the program does not grow with the number of pictures. As Linux counts it, at its
 * highest.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const require = createRequire(import.meta.url);
const { NEAREST } = require('../support/pixels.js');
const CLI = fileURLToPath(new URL('../../bin/upscaler-node.js', import.meta.url));
const SIDE = 400;
const folder = mkdtempSync(path.join(os.tmpdir(), 'upscaler-memory-'));
after(() => rmSync(folder, { recursive: true }));

const noise = { type: 'gaussian', mean: 128, sigma: 30 };
const picture = await sharp({
  create: { width: SIDE, height: SIDE, channels: 3, noise, background: 'black' },
})
  .png()
  .toBuffer();

/**
 * @param {number} count
 * @returns {Promise<number>} the highest resident memory in MiB
 */
async function peakOf(count) {
  const own = path.join(folder, String(count));
  mkdirSync(own);
  for (let i = 0; i < count; i++) writeFileSync(path.join(own, `${i}.png`), picture);
  const child = spawn(process.execPath, [CLI, own, '-o', path.join(own, 'out'), '-m', NEAREST, '--quiet']);
  let peak = 0;
  const timer = setInterval(() => {
    try {
      peak = Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peak);
    } catch {}
  }, 20);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  assert.equal(code, 0);
  assert.equal(readdirSync(path.join(own, 'out')).length, count);
  rmSync(own, { recursive: true });
  return peak / 1024;
}

test(
  'three hundred pictures take no more memory than thirty',
  { skip: process.platform !== 'linux' },
  async () => {
    const [few, many] = [await peakOf(30), await peakOf(300)];
    console.log(`30 pictures: ${Math.round(few)} MiB, 300 pictures: ${Math.round(many)} MiB`);
    // What one picture more would take: its input, its pixels, those of the result, and its file.
    assert.ok(many < few * 1.25 + 20, `${few} and ${many} MiB`);
  },
);

/**
 * `node scripts/models/int8.mjs <set5> <folder of pictures> [model …]`: what int8 loses and gains, of models that are
 * here: those of the catalogue that come in int8, or those named, whether they do or not.
 *
 * - psnr: the least of the pictures', of the int8 form's result against the float32 one's, in dB.
 * - psnrYLost: on Set5, in dB.
 * - speed: times as fast as float32 on ONNX Runtime's kernels; kernelsSpeed: as float32 on our own. 512x512 pixels, all
 *   cores, medians of interleaved runs in processes of their own.
 *
 * Of models that come in int8 the figures are written to lib/catalogue/facts.json.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../install.mjs';
import { updateFacts } from './facts.mjs';
import { psnr } from './image-quality.mjs';
import { pixels, quality } from './set5.mjs';

const require = createRequire(import.meta.url);
const { entries } = require('../../lib/catalogue');
const { quantizeModel } = require('../../lib/quantize');
const Upscaler = require('../../index.js');

const CALIBRATION = path.join(ROOT, 'examples', 'images');
const SIDE = 512;
const RUNS = 5;

/** Answers every line with the milliseconds of a run. */
const TIMED = `
const Upscaler = require(process.argv[1]);
const upscaler = new Upscaler(JSON.parse(process.argv[2]));
const side = Number(process.argv[3]);
const data = Float32Array.from({ length: side * side * 3 }, (_, i) => (i * 7919) % 256);
require('node:readline').createInterface({ input: process.stdin }).on('line', async () => {
  const begun = performance.now();
  await upscaler.upscale({ data, shape: [side, side, 3] }, { output: 'tensor' });
  console.log(performance.now() - begun);
});`;

const [set5, pictures, ...names] = process.argv.slice(2);
if (pictures === undefined) throw new Error('Expected the folder of Set5 and one of pictures');

const folder = mkdtempSync(path.join(tmpdir(), 'upscaler-int8-'));
try {
  for (const entry of entries) {
    const ships = entry.precisions.includes('int8');
    if (names.length === 0 ? !ships : !names.includes(entry.id)) continue;
    const int8 = await measure(entry);
    console.log(entry.id, JSON.stringify(int8));
    if (ships) updateFacts({ [entry.id]: { int8 } });
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** @param {import('../../lib/catalogue/entry').Entry} entry */
async function measure(entry) {
  const { id, scale } = entry;
  const file = path.join(folder, `${id}.onnx`);
  writeFileSync(file, (await quantizeModel(id, CALIBRATION, { storage: 'float16' })).onnx);
  const [float, int8] = [id, file].map((model) => new Upscaler({ model, scale }));
  const near = [];
  for (const name of readdirSync(pictures)) {
    const picture = readFileSync(path.join(pictures, name));
    const [a, b] = await Promise.all([float, int8].map(async (each) => pixels(await each.upscale(picture))));
    near.push(psnr(a, b));
  }
  const [before, after] = [await quality(set5, float, entry), await quality(set5, int8, entry)];
  await Promise.all([float.dispose(), int8.dispose()]);
  const [kernels, stock, quantised] = await times([
    [{ model: id }, {}],
    [{ model: id }, { UPSCALER_KERNELS: 'off' }],
    [{ model: file, scale }, {}],
  ]);
  const round = (value, digits) => Number(value.toFixed(digits));
  return {
    psnr: round(Math.min(...near), 1),
    psnrYLost: round(before.psnrY - after.psnrY, 2),
    speed: round(stock / quantised, 2),
    kernelsSpeed: round(kernels / quantised, 2),
  };
}

/**
 * Medians of the times of several upscalers in turn, each in a process of its own.
 *
 * @param {[object, Record<string, string>][]} contenders options and environment
 */
async function times(contenders) {
  const runners = contenders.map(([options, env]) => {
    const child = spawn(process.execPath, ['-e', TIMED, ROOT, JSON.stringify(options), String(SIDE)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const run = async () => {
      child.stdin.write('\n');
      return Number((await lines.next()).value);
    };
    return { child, run, measured: [] };
  });
  for (const { run } of runners) await run();
  for (let round = 0; round < RUNS; round++) {
    for (const runner of runners) runner.measured.push(await runner.run());
  }
  runners.forEach(({ child }) => child.kill());
  return runners.map(({ measured }) => measured.sort((a, b) => a - b)[Math.floor(RUNS / 2)]);
}

/**
 * `node scripts/output-hashes.mjs [pattern]`: hashes what every installed model (whose name the pattern matches) makes
 * of a few pictures with each set of kernels, one line each. Run it with the addon before and after a change that must not alter results, and compare:
 *
 *     node scripts/output-hashes.mjs > before.txt
 *     npm run build
 *     node scripts/output-hashes.mjs | diff before.txt -
 *
 * Lines of the same model and picture that differ only in the instruction set (avx2, avx512) have equal hashes; `off`
 * is ONNX Runtime's own kernels.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './install.mjs';

const { Upscaler, listModels } = createRequire(import.meta.url)('../index.js');

const KERNELS = ['off', 'avx2', 'avx512'];

/** Odd sizes, one to four channels, and one that is cut into tiles. */
const PICTURES = [
  ['rgb 61x47', noise(61, 47, 3), {}],
  ['grey 33x40', noise(33, 40, 1), {}],
  ['rgba 40x29', noise(40, 29, 4), {}],
  ['rgb 90x70 in tiles of 40', noise(90, 70, 3), { patchSize: 40, padding: 4 }],
];

if (process.argv[2] === '--with-kernels') {
  await hashAll(process.argv[3], new RegExp(process.argv[4]));
} else {
  for (const kernels of KERNELS) runWith(kernels, process.argv[2] ?? '');
}

/**
 * The kernels are chosen once per process, so each set has its own.
 *
 * @param {string} kernels
 * @param {string} pattern
 */
function runWith(kernels, pattern) {
  const args = [fileURLToPath(import.meta.url), '--with-kernels', kernels, pattern];
  const { status } = spawnSync(process.execPath, args, {
    stdio: 'inherit',
    env: { ...process.env, UPSCALER_KERNELS: kernels },
  });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * @param {string} kernels
 * @param {RegExp} pattern
 */
async function hashAll(kernels, pattern) {
  for (const [name, model] of models().filter(([name]) => pattern.test(name))) {
    const upscaler = new Upscaler({ model });
    const missing = await upscaler.ready.then(
      () => undefined,
      (error) => error,
    );
    if (missing?.code === 'ERR_UPSCALER_MODEL_NOT_INSTALLED') continue;
    // A processor without these instructions has nothing to compare.
    if (missing && kernels !== 'off' && /instruction set of this machine/.test(missing.message)) return;
    for (const [label, image, options] of PICTURES) {
      console.log(`${kernels} ${name} ${label} ${await outcome(upscaler, image, options)}`);
    }
    await upscaler.dispose();
  }
}

/** @returns {[string, string][]} name and what `new Upscaler` takes */
function models() {
  const catalogue = listModels().map(({ id }) => [id, id]);
  const folder = path.join(ROOT, 'node_modules', '@upscalerjs');
  const files = readdirSync(folder, { recursive: true })
    .filter((file) => path.basename(file) === 'model.json')
    .sort();
  return [...catalogue, ...files.map((file) => [`@upscalerjs/${file}`, path.join(folder, file)])];
}

/** Waves with noise on them, the same at every run. */
function noise(width, height, channels) {
  const data = Buffer.alloc(width * height * channels);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const pixel = Math.floor(i / channels);
    const wave = Math.abs(
      (((pixel % width) * 5 + Math.floor(pixel / width) * 3 + (i % channels) * 40) % 510) - 255,
    );
    data[i] = Math.min(255, Math.floor(wave * 0.8) + (state >>> 26));
  }
  return { data, width, height, channels };
}

/** A hash of the result, or the error's code. */
async function outcome(upscaler, image, options) {
  try {
    const { data } = await upscaler.upscale(image, { ...options, output: 'raw' });
    return createHash('sha256').update(data).digest('hex').slice(0, 16);
  } catch (error) {
    return error.code;
  }
}

/** Pictures and models, made once and kept in .cache. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const CACHE = fileURLToPath(new URL('.cache/', import.meta.url));
const PHOTO = fileURLToPath(new URL('../examples/images/astronaut.png', import.meta.url));
const CLI = fileURLToPath(new URL('../bin/upscaler-node.js', import.meta.url));

/** Side of a picture that every network takes. */
const PROBE = 64;

mkdirSync(CACHE, { recursive: true });

/**
 * A photo at that size: the demo photo, cropped where it is larger, enlarged by Lanczos where it is smaller. A JPEG has
 * a camera's quality, 4:2:0.
 *
 * @returns {Promise<string>} base64
 */
export async function picture([width, height], format) {
  const { default: sharp } = await import('sharp');
  const { width: photoWidth, height: photoHeight } = await sharp(PHOTO).metadata();
  const crop = width <= photoWidth && height <= photoHeight;
  // Around the face: detail, smooth skin and background.
  const [left, top] = [Math.min(150, photoWidth - width), Math.min(30, photoHeight - height)];
  const sized = crop
    ? sharp(PHOTO).extract({ left, top, width, height })
    : sharp(PHOTO).resize({ width, height, fit: 'cover', kernel: 'lanczos3' });
  const encoded = await sized.toFormat(format, format === 'jpeg' ? { quality: 92 } : {}).toBuffer();
  return encoded.toString('base64');
}

/**
 * What the contenders must know of a model, with the same .onnx for all of them.
 *
 * @returns {Promise<import('./contenders/index.mjs').Model | undefined>} `undefined` where the model is not there
 */
export async function model(name) {
  const { Upscaler } = require('../index.js');
  const upscaler = new Upscaler({ model: name });
  try {
    const { scale, inputRange, outputRange } = await upscaler.getModel();
    // The halo that ONNX Runtime's kernels need: ours need more.
    const env = { ...process.env, UPSCALER_KERNELS: 'off' };
    const { halo } = JSON.parse(execFileSync(process.execPath, [CLI, 'info', name, '--json'], { env }));
    const file = path.join(CACHE, `${name.replaceAll(/[^\w]+/g, '-')}.onnx`);
    execFileSync(process.execPath, [CLI, 'convert', name, '-o', file, '--overwrite']);
    const margin = await marginOf(file, scale);
    return { model: name, file, scale, halo: halo ?? 0, margin, input: inputRange, output: outputRange };
  } catch (error) {
    if (/NOT_FOUND|NOT_INSTALLED|LOAD/.test(error.code)) return undefined;
    throw error;
  } finally {
    await upscaler.dispose();
  }
}

/** By how many input pixels a network's result falls short of its input on each side, as waifu2x's does. */
async function marginOf(file, scale) {
  const { default: ort } = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(file);
  const nothing = new ort.Tensor('float32', new Float32Array(3 * PROBE * PROBE), [1, 3, PROBE, PROBE]);
  const { [session.outputNames[0]]: result } = await session.run({ [session.inputNames[0]]: nothing });
  await session.release();
  return (PROBE - result.dims[2] / scale) / 2;
}

/** Megabytes on disk of packages of ours, as npm would install them, or of packages in node_modules with what they need. */
export function installedMegabytes(packages) {
  const files = packages.length === 0 ? ourFiles() : dependencies(packages);
  const kilobytes = files
    .filter((file) => existsSync(file))
    .map((file) => Number(execFileSync('du', ['-sk', file], { encoding: 'utf8' }).split('\t')[0]));
  return kilobytes.reduce((sum, size) => sum + size, 0) / 1000;
}

function ourFiles() {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const { files } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const { LIBRARIES } = require('../lib/load-native.js');
  const addon = `upscaler.${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}.node`;
  return [...files, addon, LIBRARIES[process.platform]].map((file) => path.join(root, file));
}

/** Folders of the packages and of all that they depend on, each once. */
function dependencies(packages) {
  const modules = fileURLToPath(new URL('node_modules/', import.meta.url));
  const found = new Set();
  const visit = (name) => {
    const folder = path.join(modules, name);
    const manifest = path.join(folder, 'package.json');
    if (found.has(folder) || !existsSync(manifest)) return;
    found.add(folder);
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
    Object.keys({ ...dependencies, ...optionalDependencies }).forEach(visit);
  };
  packages.forEach(visit);
  return [...found];
}

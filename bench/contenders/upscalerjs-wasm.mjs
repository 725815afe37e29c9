import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const MODULES = fileURLToPath(new URL('../node_modules/', import.meta.url));

/**
 * UpscalerJS's browser build on TensorFlow.js's wasm backend (SIMD, threads where Node has them). It knows no files
 * and no picture formats in Node: its model is read here, and sharp decodes and encodes.
 */
export async function load({ model, scale }) {
  const tf = require('@tensorflow/tfjs');
  const { setWasmPaths } = require('@tensorflow/tfjs-backend-wasm');
  const sharp = require('sharp');
  setWasmPaths(path.join(MODULES, '@tensorflow', 'tfjs-backend-wasm', 'dist') + path.sep);
  await tf.setBackend('wasm');
  tf.io.registerLoadRouter((url) => (String(url).startsWith('/') ? fileHandler(tf, url) : null));
  const { Upscaler, definition } = upscalerJs(model);
  const [name] = model.split('/').slice(1);
  const file = path.join(MODULES, '@upscalerjs', name, definition.path ?? definition._internals.path);
  const upscaler = new Upscaler({ model: { ...definition, path: file } });
  await upscaler.ready;
  return {
    async upscale(image, format) {
      const { data, info } = await sharp(image).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      const input = tf.tensor3d(data, [info.height, info.width, 3], 'int32');
      const output = await upscaler.upscale(input, { output: 'tensor' });
      const [height, width] = output.shape;
      const pixels = Uint8ClampedArray.from(await output.data());
      tf.dispose([input, output]);
      return sharp(pixels, { raw: { width, height, channels: 3 } })
        .toFormat(format)
        .toBuffer();
    },
    note: `scale ${scale}`,
  };
}

/** The UMD build: its ES build imports files without their extensions, which Node does not resolve. */
function upscalerJs(model) {
  const Upscaler = require(path.join(MODULES, 'upscaler', 'dist', 'browser', 'umd', 'upscaler.min.js'));
  const exported = require(model);
  const definition = exported.default ?? exported;
  return {
    Upscaler,
    definition: typeof definition === 'function' ? definition(require('@tensorflow/tfjs')) : definition,
  };
}

function fileHandler(tf, file) {
  return {
    async load() {
      const { modelTopology, weightsManifest } = JSON.parse(await readFile(file, 'utf8'));
      const shards = weightsManifest.flatMap(({ paths }) => paths);
      const parts = await Promise.all(shards.map((shard) => readFile(path.join(path.dirname(file), shard))));
      const { buffer, byteOffset, byteLength } = Buffer.concat(parts);
      return {
        modelTopology,
        weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
        weightData: buffer.slice(byteOffset, byteOffset + byteLength),
      };
    },
  };
}

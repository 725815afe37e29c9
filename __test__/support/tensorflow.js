'use strict';

const fs = require('node:fs');
const path = require('node:path');
const tf = {
  ...require('@tensorflow/tfjs-core'),
  ...require('@tensorflow/tfjs-layers'),
};
require('@tensorflow/tfjs-backend-wasm');

/**
 * TensorFlow.js itself as the judge of our reading of its models: the definition's own `setup` registers its layers,
 * and the network runs on the whole picture.
 */

/**
 * @param {string} name of an @upscalerjs package, `esrgan-slim/4x`
 * @returns {Promise<(picture: { data: Float32Array, shape: [number, number, number] }) => Promise<Float32Array>>} from
 *   0..255 to 0..255, clamped as UpscalerJS does, not rounded
 */
async function tensorFlowModel(name) {
  await tf.setBackend('wasm');
  await tf.ready();
  const exported = require(`@upscalerjs/${name}`);
  const definition = exported.default ?? exported;
  await definition.setup?.(tf);
  const folder = path.join(__dirname, '..', '..', 'node_modules', definition._internals.name);
  const model = await tf.loadLayersModel(fromDisk(path.join(folder, definition._internals.path)));
  const [, whiteIn] = definition.inputRange ?? [0, 255];
  const [, whiteOut] = definition.outputRange ?? [0, 255];
  return async ({ data, shape }) => {
    const result = tf.tidy(() => {
      const input = tf.mul(tf.tensor(data, [1, ...shape]), whiteIn / 255);
      return tf.clipByValue(tf.mul(model.predict(input), 255 / whiteOut), 0, 255);
    });
    const values = await result.data();
    result.dispose();
    return values;
  };
}

/** @param {string} file model.json */
function fromDisk(file) {
  return {
    load() {
      const { modelTopology, weightsManifest, format } = JSON.parse(fs.readFileSync(file, 'utf8'));
      const shards = weightsManifest.flatMap(({ paths }) =>
        paths.map((shard) => fs.readFileSync(path.join(path.dirname(file), shard))),
      );
      const bytes = Buffer.concat(shards);
      return {
        modelTopology,
        format,
        weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
        weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      };
    },
  };
}

module.exports = { tensorFlowModel };

'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const { loadGraphModel } = require('@tensorflow/tfjs-converter');

/**
 * A TensorFlow.js graph model written node by node, to be run by TensorFlow.js and by us.
 */
class GraphModel {
  /** @type {{ name: string, op: string, input: string[], attr: object }[]} */
  nodes = [];
  /** @type {{ name: string, shape: number[], dtype: string }[]} */
  weights = [];
  /** @type {Buffer[]} */
  #data = [];
  #seed = 1;

  /** @param {(number | string)[]} [shape] of the picture */
  constructor(shape = ['-1', '-1', '-1', '3']) {
    const dim = shape.map((size) => ({ size }));
    this.input = this.node('Placeholder', [], { dtype: type('DT_FLOAT'), shape: { shape: { dim } } });
  }

  /**
   * @param {string} op
   * @param {string[]} input
   * @param {object} [attr]
   * @returns {string} its name
   */
  node(op, input, attr = {}) {
    const name = `${op}_${this.nodes.length}`;
    this.nodes.push({ name, op, input, attr });
    return name;
  }

  /**
   * @param {number[]} values
   * @param {number[]} [shape] default: a list
   */
  ints(values, shape = [values.length]) {
    return this.#constant(Buffer.from(Int32Array.from(values).buffer), shape, 'int32');
  }

  /**
   * @param {number[]} values
   * @param {number[]} [shape] default: a list
   */
  floats(values, shape = [values.length]) {
    return this.#constant(Buffer.from(Float32Array.from(values).buffer), shape, 'float32');
  }

  /**
   * Numbers around 0 that look random and are the same at every run.
   *
   * @param {number[]} shape
   * @param {number} [spread] the largest
   */
  trained(shape, spread = 0.3) {
    const count = shape.reduce((all, one) => all * one, 1);
    const next = () => {
      this.#seed = (this.#seed * 16807) % 2147483647;
      return spread * ((2 * this.#seed) / 2147483647 - 1);
    };
    return this.floats(Array.from({ length: count }, next), shape);
  }

  /**
   * @param {Buffer} bytes
   * @param {number[]} shape
   * @param {string} dtype
   */
  #constant(bytes, shape, dtype) {
    const name = this.node('Const', []);
    this.weights.push({ name, shape, dtype });
    this.#data.push(bytes);
    return name;
  }

  /**
   * @param {string} output the node that is the result
   * @returns {{ json: any, shard: Buffer }}
   */
  files(output) {
    const json = {
      format: 'graph-model',
      signature: { outputs: { result: { name: `${output}:0` } } },
      modelTopology: { node: this.nodes, versions: {} },
      weightsManifest: [{ paths: ['weights.bin'], weights: this.weights }],
    };
    return { json, shard: Buffer.concat(this.#data) };
  }

  /**
   * @param {string} output
   * @param {{ data: Float32Array, shape: [number, number, number] }} picture
   * @returns {Promise<{ data: Float32Array, shape: number[] }>} what TensorFlow.js makes of it, clamped as UpscalerJS does
   */
  async oracle(output, { data, shape }) {
    await tf.setBackend('cpu');
    const { json, shard } = this.files(output);
    const weightData = new Uint8Array(shard).buffer;
    const model = await loadGraphModel({
      load: async () => ({ modelTopology: json.modelTopology, weightSpecs: this.weights, weightData }),
    });
    const result = tf.tidy(() =>
      tf.clipByValue(model.execute(tf.tensor(data, [1, ...shape]), `${output}:0`), 0, 255),
    );
    return { data: /** @type {Float32Array} */ (await result.data()), shape: result.shape.slice(1) };
  }
}

/**
 * @template T
 * @param {{ json: any, shard: Buffer }} files
 * @param {(file: string) => Promise<T>} use is given the path of model.json
 */
async function onDisk({ json, shard }, use) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-graph-'));
  try {
    fs.writeFileSync(path.join(folder, 'model.json'), JSON.stringify(json));
    fs.writeFileSync(path.join(folder, 'weights.bin'), shard);
    return await use(path.join(folder, 'model.json'));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} name of an element type */
const type = (name) => ({ type: name });
/** @param {string} text */
const text = (text) => ({ s: Buffer.from(text).toString('base64') });
/** @param {number} i */
const int = (i) => ({ i: `${i}` });
/** @param {number[]} list */
const ints = (list) => ({ list: { i: list.map(String) } });
/** @param {string[]} list */
const texts = (list) => ({ list: { s: list.map((each) => Buffer.from(each).toString('base64')) } });

module.exports = { GraphModel, onDisk, type, text, int, ints, texts };

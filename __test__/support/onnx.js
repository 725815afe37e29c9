'use strict';

/**
 * Writes small `.onnx` files, byte by byte as onnx.proto has it: what a test wants of a network, and nothing of the
 * code under test.
 *
 * @typedef {{ op: string, inputs: string[], output: string, attributes?: Record<string, number | number[] | Float32Array | string> }} Node
 * @typedef {{ name: string, dims: number[], floats?: number[], ints?: number[], int8s?: number[], uint8s?: number[] }} Constant
 */

const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const INT64 = 7;

/**
 * @param {{
 *   nodes: Node[],
 *   input?: (number | string)[],
 *   output?: (number | string)[],
 *   constants?: Constant[],
 *   opset?: number,
 *   metadata?: Record<string, string>,
 * }} network its input is called `x`, its output `y`
 * @returns {Buffer}
 */
function onnx({
  nodes,
  input = [1, 3, 'h', 'w'],
  output = [1, 3, 'H', 'W'],
  constants = [],
  opset = 17,
  metadata = {},
}) {
  const graph = [
    ...nodes.map((node) => field(1, encodeNode(node))),
    field(2, 'test'),
    ...constants.map((constant) => field(5, encodeConstant(constant))),
    field(11, encodeValue('x', input)),
    field(12, encodeValue('y', output)),
  ];
  return Buffer.concat([
    field(1, 8),
    field(7, Buffer.concat(graph)),
    field(8, field(2, opset)),
    ...Object.entries(metadata).map(([key, value]) =>
      field(14, Buffer.concat([field(1, key), field(2, value)])),
    ),
  ]);
}

/** @param {Node} node */
function encodeNode({ op, inputs, output, attributes = {} }) {
  return Buffer.concat([
    ...inputs.map((name) => field(1, name)),
    field(2, output),
    field(4, op),
    ...Object.entries(attributes).map(([name, value]) => field(5, encodeAttribute(name, value))),
  ]);
}

/**
 * @param {string} name
 * @param {number | number[] | Float32Array | string} value integers, floats or a text
 */
function encodeAttribute(name, value) {
  if (typeof value === 'string') return Buffer.concat([field(1, name), field(4, value), field(20, 3)]);
  if (value instanceof Float32Array) {
    const floats = Buffer.from(value.buffer);
    return Buffer.concat([field(1, name), field(7, floats), field(20, 6)]);
  }
  if (Array.isArray(value))
    return Buffer.concat([field(1, name), ...value.map((n) => field(8, n)), field(20, 7)]);
  return Buffer.concat([field(1, name), field(3, value), field(20, 2)]);
}

/** @param {Constant} constant */
function encodeConstant({ name, dims, ...numbers }) {
  const [type, data] = encodeNumbers(numbers);
  return Buffer.concat([
    ...dims.map((dim) => field(1, dim)),
    field(2, type),
    field(8, name),
    field(9, Buffer.from(data.buffer)),
  ]);
}

/**
 * @param {Omit<Constant, 'name' | 'dims'>} numbers
 * @returns {[number, { buffer: ArrayBuffer }]} their type, and their bytes
 */
function encodeNumbers({ floats, ints, int8s, uint8s }) {
  if (floats) return [FLOAT, Float32Array.from(floats)];
  if (int8s) return [INT8, Int8Array.from(int8s)];
  if (uint8s) return [UINT8, Uint8Array.from(uint8s)];
  return [INT64, BigInt64Array.from(ints ?? [], BigInt)];
}

/**
 * @param {string} name
 * @param {(number | string)[]} shape
 */
function encodeValue(name, shape) {
  const dims = shape.map((dim) => field(1, typeof dim === 'string' ? field(2, dim) : field(1, dim)));
  const tensor = Buffer.concat([field(1, FLOAT), field(2, Buffer.concat(dims))]);
  return Buffer.concat([field(1, name), field(2, field(1, tensor))]);
}

/**
 * @param {number} number
 * @param {number | string | Buffer} value a varint, or bytes with their length
 */
function field(number, value) {
  if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

/** @param {number} value */
function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/**
 * A network that doubles pixels, by the operator that every opset since 13 has.
 *
 * @param {Partial<Parameters<typeof onnx>[0]>} [changes]
 * @param {{ channels?: number }} [options]
 */
function nearest(changes = {}, { channels = 3 } = {}) {
  return onnx({
    nodes: [
      {
        op: 'Resize',
        inputs: ['x', '', 'scales'],
        output: 'y',
        attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
      },
    ],
    constants: [{ name: 'scales', dims: [4], floats: [1, 1, 2, 2] }],
    input: [1, channels, 'h', 'w'],
    output: [1, channels, 'H', 'W'],
    ...changes,
  });
}

module.exports = { onnx, nearest };

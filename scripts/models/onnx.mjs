/**
 * What can be counted in an `.onnx` by reading it: a check on the catalogue that shares no code with the library.
 * Protocol buffers as onnx.proto3 defines them, of which only the fields named here are looked at.
 */

/**
 * @typedef {{ name: string, dims: number[], type: number, values?: number[] }} Tensor
 * @typedef {{ op: string, inputs: string[], outputs: string[], attributes: Record<string, any> }} Node
 */

/** Element types that weights have: FLOAT and FLOAT16. */
const FLOATS = [1, 10];

/**
 * @param {Uint8Array} bytes
 * @returns {{ nodes: Node[], tensors: Map<string, Tensor>, input: string, output: string }}
 */
export function readGraph(bytes) {
  const [graph] = fields(bytes).get(7);
  const parts = fields(graph);
  const tensors = (parts.get(5) ?? []).map(readTensor).map((tensor) => [tensor.name, tensor]);
  const [input] = (parts.get(11) ?? []).map(valueName);
  const [output] = (parts.get(12) ?? []).map(valueName);
  return { nodes: parts.get(1).map(readNode), tensors: new Map(tensors), input, output };
}

/**
 * Trained numbers: those of all float tensors with dimensions, as settings are single numbers; but the scales of a
 * Resize are settings too.
 *
 * @param {ReturnType<typeof readGraph>} graph
 */
export function countParameters({ nodes, tensors }) {
  const scales = nodes.filter(({ op }) => op === 'Resize').map(({ inputs }) => inputs[2]);
  return [...tensors.values()]
    .filter(({ name, type, dims }) => FLOATS.includes(type) && dims.length > 0 && !scales.includes(name))
    .reduce((sum, { dims }) => sum + product(dims), 0);
}

/**
 * What one pixel costs and how far it looks: multiplications of the convolutions for each input pixel (other operators
 * are next to nothing in these networks), and the input pixels that a result pixel depends on, on each side.
 *
 * @param {ReturnType<typeof readGraph>} graph of a network without dense layers
 */
export function measureGraph({ nodes, tensors, input, output }) {
  /** Of each tensor: positions for each pixel of the input, in one direction, and how far they look. */
  const known = new Map([[input, { density: 1, reach: 0 }]]);
  const shapes = new Map([...tensors].map(([name, { dims }]) => [name, dims]));
  let macs = 0;
  for (const { op, inputs, outputs, attributes } of nodes) {
    if (op === 'Cast' && shapes.has(inputs[0])) shapes.set(outputs[0], shapes.get(inputs[0]));
    const sources = inputs.map((name) => known.get(name)).filter((source) => source !== undefined);
    if (sources.length === 0) continue;
    const before = Math.max(...sources.map(({ density }) => density));
    let density = before;
    let reach = Math.max(...sources.map((source) => source.reach));
    if (op === 'Conv') {
      density = before / (attributes.strides?.[0] ?? 1);
      macs += product(shapes.get(inputs[1])) * density ** 2;
      reach += (shapes.get(inputs[1])[2] - 1) / 2 / before;
    } else if (op === 'ConvTranspose') {
      density = before * attributes.strides[0];
      macs += product(shapes.get(inputs[1])) * before ** 2;
      reach += (shapes.get(inputs[1])[2] - attributes.strides[0]) / density;
    } else if (op === 'DepthToSpace') {
      density = before * attributes.blocksize;
    } else if (op === 'Resize') {
      density = before * tensors.get(inputs[2]).values.at(-1);
      reach += RESIZE_REACH[attributes.mode ?? 'nearest'] / before;
    }
    for (const name of outputs) known.set(name, { density, reach });
  }
  return { macsPerPixel: Math.round(macs), receptiveField: Math.ceil(known.get(output).reach) };
}

/** Source positions that an interpolated one depends on, on each side. */
const RESIZE_REACH = { nearest: 0, linear: 1, cubic: 2 };

/** @param {number[]} numbers */
function product(numbers) {
  return numbers.reduce((all, one) => all * one, 1);
}

/** @param {Uint8Array} bytes */
function readNode(bytes) {
  const parts = fields(bytes);
  const texts = (number) => (parts.get(number) ?? []).map(text);
  const attributes = Object.fromEntries((parts.get(5) ?? []).map(readAttribute));
  return { op: texts(4)[0], inputs: texts(1), outputs: texts(2), attributes };
}

/** @param {Uint8Array} bytes */
function readAttribute(bytes) {
  const parts = fields(bytes);
  const name = text(parts.get(1)[0]);
  if (parts.has(8)) return [name, parts.get(8).flatMap(integers)];
  if (parts.has(4)) return [name, text(parts.get(4)[0])];
  return [name, parts.has(3) ? Number(parts.get(3)[0]) : undefined];
}

/** @param {Uint8Array} bytes */
function readTensor(bytes) {
  const parts = fields(bytes);
  const dims = (parts.get(1) ?? []).flatMap(integers);
  const type = Number(parts.get(2)[0]);
  const raw = parts.get(9)?.[0];
  // Only the scales of a Resize are looked into: a handful of float32.
  const values =
    raw !== undefined && type === 1 && raw.length <= 16
      ? Array.from({ length: raw.length / 4 }, (_, i) =>
          new DataView(raw.buffer, raw.byteOffset).getFloat32(4 * i, true),
        )
      : undefined;
  return { name: text(parts.get(8)[0]), dims, type, values };
}

/** @param {Uint8Array} bytes of a ValueInfoProto */
function valueName(bytes) {
  return text(fields(bytes).get(1)[0]);
}

/** @param {Uint8Array} bytes */
function text(bytes) {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** @param {bigint | Uint8Array} value one varint, or several packed */
function integers(value) {
  if (typeof value === 'bigint') return [Number(BigInt.asIntN(64, value))];
  const numbers = [];
  for (let at = 0; at < value.length;) {
    const [number, next] = varint(value, at);
    numbers.push(Number(BigInt.asIntN(64, number)));
    at = next;
  }
  return numbers;
}

/**
 * @param {Uint8Array} bytes
 * @returns {Map<number, any[]>} each field's values in order: a bigint, or the bytes of a string or message
 */
function fields(bytes) {
  const found = new Map();
  for (let at = 0; at < bytes.length;) {
    const [key, start] = varint(bytes, at);
    let value;
    switch (Number(key & 7n)) {
      case 0:
        [value, at] = varint(bytes, start);
        break;
      case 1:
        [value, at] = [bytes.subarray(start, start + 8), start + 8];
        break;
      case 2: {
        const [length, from] = varint(bytes, start);
        at = from + Number(length);
        value = bytes.subarray(from, at);
        break;
      }
      case 5:
        [value, at] = [bytes.subarray(start, start + 4), start + 4];
        break;
      default:
        throw new Error(`Expected a protocol buffer but found wire type ${key & 7n} at byte ${at}`);
    }
    const number = Number(key >> 3n);
    if (!found.has(number)) found.set(number, []);
    found.get(number).push(value);
  }
  return found;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @returns {[bigint, number]} the number and where it ends
 */
function varint(bytes, at) {
  let number = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++];
    number |= BigInt(byte & 127) << shift;
    if (byte < 128) return [number, at];
  }
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resize } from '../scripts/models/bicubic.mjs';
import { crop, luma, psnr, ssim } from '../scripts/models/image-quality.mjs';
import { countParameters, measureGraph, readGraph } from '../scripts/models/onnx.mjs';

const plane = (width, height, at) => ({
  data: Float64Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))),
  width,
  height,
});

test('luma is 16 for black, 235 for white', () => {
  const data = Uint8Array.of(0, 0, 0, 255, 255, 255, 255, 0, 0);
  const values = luma({ data, width: 3, height: 1 }).data;
  assert.deepEqual(
    [...values].map((value) => Math.round(value * 1000) / 1000),
    [16, 235, 81.481],
  );
});

test('crop keeps the middle', () => {
  const { data, width, height } = crop(
    plane(4, 5, (x, y) => 10 * y + x),
    1,
  );
  assert.deepEqual([width, height, ...data], [2, 3, 11, 12, 21, 22, 31, 32]);
});

test('psnr of a difference of one everywhere is 20 log10 255', () => {
  const a = plane(16, 16, (x, y) => x * y);
  const b = plane(16, 16, (x, y) => x * y + 1);
  assert.ok(Math.abs(psnr(a, b) - 48.1308) < 1e-4);
});

test('ssim: 1 for equal pictures, the luminance term alone for flat ones', () => {
  const a = plane(20, 14, (x, y) => (x * 37 + y * 91) % 256);
  assert.ok(Math.abs(ssim(a, a) - 1) < 1e-12);
  const [grey, white] = [100, 200].map((value) => plane(20, 14, () => value));
  const c1 = 2.55 ** 2;
  const expected = (2 * 100 * 200 + c1) / (100 ** 2 + 200 ** 2 + c1);
  assert.ok(Math.abs(ssim(grey, white) - expected) < 1e-9);
});

test('bicubic reduction keeps flat areas and ramps, and does not confuse the axes', () => {
  const image = (width, height, at) => ({
    data: Uint8Array.from({ length: 3 * width * height }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return at(pixel % width, Math.floor(pixel / width), i % 3);
    }),
    width,
    height,
  });
  const flat = resize(
    image(12, 8, (x, y, c) => 50 * c),
    1 / 4,
  );
  assert.deepEqual([flat.width, flat.height], [3, 2]);
  assert.deepEqual([...flat.data.subarray(0, 6)], [0, 50, 100, 0, 50, 100]);

  const ramp = resize(
    image(48, 24, (x, y) => 2 * x + 4 * y),
    1 / 2,
  );
  // The centre of a pixel of the small picture lies between two of the large one.
  const at = (x, y) => ramp.data[3 * (y * ramp.width + x)];
  assert.equal(at(10, 6), 2 * 20.5 + 4 * 12.5);
  assert.equal(at(13, 7), 2 * 26.5 + 4 * 14.5);
});

test('an onnx by hand: a convolution, depth to space, and what they cost', () => {
  const weights = message(field(1, 12), field(1, 3), field(1, 3), field(1, 3), field(2, 1), text(8, 'w'));
  const bias = message(field(1, 12), field(2, 1), text(8, 'b'));
  const conv = message(text(1, 'x'), text(1, 'w'), text(1, 'b'), text(2, 'c'), text(4, 'Conv'));
  const blocksize = message(text(1, 'blocksize'), field(3, 2));
  const shuffle = message(text(1, 'c'), text(2, 'y'), text(4, 'DepthToSpace'), nested(5, blocksize));
  const graph = message(
    nested(1, conv),
    nested(1, shuffle),
    nested(5, weights),
    nested(5, bias),
    nested(11, message(text(1, 'x'))),
    nested(12, message(text(1, 'y'))),
  );
  const read = readGraph(message(field(1, 8), nested(7, graph)));
  assert.equal(countParameters(read), 12 * 3 * 3 * 3 + 12);
  assert.deepEqual(measureGraph(read), { macsPerPixel: 324, receptiveField: 1 });
});

const message = (...parts) => Buffer.concat(parts);
const field = (number, value) => Buffer.from([number << 3, value]);
const nested = (number, bytes) => Buffer.concat([Buffer.from([(number << 3) | 2]), length(bytes), bytes]);
const text = (number, value) => nested(number, Buffer.from(value));
const length = ({ length: bytes }) => Buffer.from(bytes < 128 ? [bytes] : [(bytes & 127) | 128, bytes >> 7]);

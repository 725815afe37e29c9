import { availableParallelism } from 'node:os';
import { tiles } from '../tiles.mjs';

/**
 * The pipeline that people write by hand: sharp decodes to raw pixels, onnxruntime-node runs, sharp encodes.
 *
 * Done with care: all cores for the network, one pass over the pixels on each side, rounding and clamping by
 * Uint8ClampedArray, no copy that is not needed, buffers of the tiles reused.
 *
 * @param {{ file: string, scale: number, halo: number, margin: number, input: [number, number], output: [number, number], tile?: number }} options
 *   `file`: the same .onnx that ours runs. `margin`: what a result lacks on each side, in input pixels. `tile`: side of a
 *   tile without its halo; whole pictures if absent.
 */
export async function load({ file, scale, halo, margin, input, output, tile }) {
  const { default: ort } = await import('onnxruntime-node');
  const { default: sharp } = await import('sharp');
  const session = await ort.InferenceSession.create(file, {
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: availableParallelism(),
    interOpNumThreads: 1,
  });
  const [inputName] = session.inputNames;
  const [outputName] = session.outputNames;

  /** @type {Map<number, Float32Array>} by length; calls take turns, see `turn` */
  const buffers = new Map();
  let turn = Promise.resolve();

  async function runTile(pixels, width, box, target, targetWidth) {
    const given = { ...box, w: box.w + 2 * margin, h: box.h + 2 * margin };
    const size = given.w * given.h;
    if (!buffers.has(size)) buffers.set(size, new Float32Array(3 * size));
    const planes = buffers.get(size);
    toPlanes(pixels, width, given, planes, input);
    const feeds = { [inputName]: new ort.Tensor('float32', planes, [1, 3, given.h, given.w]) };
    const { [outputName]: result } = await session.run(feeds);
    fromPlanes(result.data, box, scale, target, targetWidth, output);
    result.dispose();
  }

  async function upscale(image, format) {
    const rgb = sharp(image).removeAlpha().toColourspace('srgb');
    const padding = { top: margin, bottom: margin, left: margin, right: margin, extendWith: 'copy' };
    const decoded = (margin === 0 ? rgb : rgb.extend(padding)).raw();
    const { data: pixels, info } = await decoded.toBuffer({ resolveWithObject: true });
    const [columns, rows] = [info.width - 2 * margin, info.height - 2 * margin];
    const [width, height] = [columns * scale, rows * scale];
    const target = new Uint8ClampedArray(width * height * 3);
    const infer = turn.then(async () => {
      const core = tile ?? Math.max(columns, rows);
      const boxes = tiles(columns, rows, core, Math.max(0, halo - margin));
      for (const box of boxes) await runTile(pixels, info.width, box, target, width);
    });
    turn = infer.catch(() => {});
    await infer;
    const encoded = sharp(target, { raw: { width, height, channels: 3 } });
    return encoded
      .toFormat(format, format === 'jpeg' ? { quality: 90, chromaSubsampling: '4:4:4' } : {})
      .toBuffer();
  }
  return { upscale };
}

/** Pixels of a box to planes in the network's range. */
function toPlanes(pixels, width, { x, y, w, h }, planes, [low, high]) {
  const plane = w * h;
  const factor = (high - low) / 255;
  for (let row = 0, at = 0; row < h; row++) {
    for (let from = ((y + row) * width + x) * 3, end = from + w * 3; from < end; from += 3, at++) {
      planes[at] = pixels[from] * factor + low;
      planes[at + plane] = pixels[from + 1] * factor + low;
      planes[at + 2 * plane] = pixels[from + 2] * factor + low;
    }
  }
}

/** The core of a tile's result to its place in the picture. */
function fromPlanes(planes, { x, y, w, h, core }, scale, target, width, [low, high]) {
  const plane = w * h * scale * scale;
  const factor = 255 / (high - low);
  const offset = -low * factor;
  for (let row = 0; row < core.h * scale; row++) {
    let from = ((core.y - y) * scale + row) * w * scale + (core.x - x) * scale;
    let to = ((core.y * scale + row) * width + core.x * scale) * 3;
    for (const end = from + core.w * scale; from < end; from++, to += 3) {
      target[to] = planes[from] * factor + offset;
      target[to + 1] = planes[from + plane] * factor + offset;
      target[to + 2] = planes[from + 2 * plane] * factor + offset;
    }
  }
}

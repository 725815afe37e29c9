// @ts-check
'use strict';

const { UpscalerError, invalidValue } = require('./errors');

/**
 * @typedef {import('./native').NativeAddon} NativeAddon
 * @typedef {import('./native').NativeAnimation} NativeAnimation
 * @typedef {import('./native').NativeFrame} NativeFrame
 * @typedef {import('./native').NativeImage} NativeImage
 * @typedef {import('./native').NativeRect} NativeRect
 * @typedef {import('./native').NativeResult} NativeResult
 * @typedef {import('./native').NativeUpscaleOptions} NativeUpscaleOptions
 * @typedef {ReturnType<typeof import('./options').parseUpscaleOptions>} ParsedCall
 *
 * @typedef {object} Workshop what the frames are upscaled with
 * @property {NativeAddon} native
 * @property {{ halo?: number, guardReach: number }} info of the model
 * @property {boolean} hooked whether the caller's code sees the pixels
 * @property {AbortSignal} signal
 * @property {<T>(promise: Promise<T>) => Promise<T>} inTime waits for it, but no longer than the call may take
 * @property {(image: NativeImage) => Promise<NativeAnimation | null>} open
 * @property {() => void} begin what is started from here on is a frame
 * @property {(image: NativeImage, options: NativeUpscaleOptions, share: (fraction: number) => number) => Promise<NativeResult>} start
 */

/** Formats that hold several frames. */
const MOVING = ['gif', 'webp', 'png'];

/**
 * Whether a call is about an animation, or makes a GIF, which is written as one.
 *
 * @param {ParsedCall} parsed
 */
function isMoving({ frames, native, output }) {
  if (native.format !== 'gif' || native.output !== 'encoded') return frames !== undefined;
  if (output === 'stream') throw invalidValue('options.output', "'buffer' or 'base64' for a GIF", output);
  return true;
}

/**
 * Upscales the frames of an animation one after the other, if that is asked for and the picture is one, and writes them
 * as a file. Only what changed from frame to frame is computed again, as far as the network sees it.
 *
 * @param {ParsedCall} parsed
 * @param {NativeImage} source
 * @param {Workshop} workshop
 * @returns {Promise<NativeResult | undefined>} `undefined` for a picture that does not move
 */
async function upscaleFrames(parsed, source, workshop) {
  const { frames, native: options } = parsed;
  const file = source.kind === 'encoded' || source.kind === 'path';
  const animation = frames && file ? await workshop.inTime(workshop.open(source)) : null;
  if (animation === null || frames === undefined) {
    return options.format === 'gif' && options.output === 'encoded'
      ? still(source, options, workshop)
      : undefined;
  }
  const { first } = frames;
  if (first >= animation.frames) {
    throw invalidValue('options.page', `below ${animation.frames}, which the animation has`, first);
  }
  const left = animation.frames - first;
  const count = frames.count < 0 ? left : Math.min(frames.count, left);
  const format = options.format ?? animation.format;
  if (!MOVING.includes(format)) {
    throw invalidValue('options.format', "'gif', 'webp' or 'png' for an animation", format);
  }
  workshop.begin();
  for (let i = 0; i < first; i++) await workshop.inTime(animation.next());
  return new Film(animation, format, count, parsed, workshop).make();
}

/** One animation on its way from file to file. */
class Film {
  /**
   * @param {NativeAnimation} animation stands before the first frame that is wanted
   * @param {string} format
   * @param {number} count
   * @param {ParsedCall} parsed
   * @param {Workshop} workshop
   */
  constructor(animation, format, count, parsed, workshop) {
    this.animation = animation;
    this.format = /** @type {'gif' | 'webp' | 'png'} */ (format);
    this.count = count;
    this.options = parsed.native;
    this.workshop = workshop;
    // A part alone gives what it gives in the whole only where the network sees no further than its halo, and where the
    // result is not resized.
    const { scale, width, height, patchSize } = this.options;
    const resized = [scale, width, height, patchSize].some((option) => option !== undefined);
    const { halo, guardReach } = workshop.info;
    this.margin = resized || workshop.hooked || halo === undefined ? undefined : halo + guardReach;
    /** @type {NativeResult | undefined} */
    this.result = undefined;
    /** Of the result. */
    this.size = { width: 0, height: 0 };
    this.durationMs = 0;
    this.guarded = 0;
    this.drawn = 0;
  }

  /** @returns {Promise<NativeResult>} */
  async make() {
    for (let i = 0; i < this.count; i++) {
      this.workshop.signal.throwIfAborted();
      // What changed shows as far around as the network sees, and is computed from as far around that.
      const context = this.margin === undefined ? undefined : 2 * this.margin;
      const frame = await this.workshop.inTime(this.animation.next(i === 0 ? undefined : context));
      if (frame === null) throw endsEarly(`${this.count} frames of an animation but found ${i}`);
      await this.add(frame, i);
    }
    const { result, encoder, durationMs } = this;
    if (!result || !encoder) throw endsEarly('an animation of at least one frame');
    const data = await this.workshop.inTime(encoder.finish());
    const { format, animation } = this;
    const guarded = this.guarded / this.count;
    const drawn = this.drawn / this.count;
    return {
      ...result,
      ...this.size,
      data,
      format,
      channels: 4,
      depth: 8,
      durationMs,
      guarded,
      drawn,
      pages: animation.frames,
      warnings: [...result.warnings, ...this.lost()],
    };
  }

  /** What is asked for and cannot be had of an animation. */
  lost() {
    const { keepMetadata } = this.options;
    if (keepMetadata === undefined || keepMetadata === 'none') return [];
    return ['An animation is written without profile and metadata, in sRGB'];
  }

  /**
   * @param {NativeFrame} frame
   * @param {number} index
   */
  async add(frame, index) {
    const { data, area, changed, delay } = frame;
    if (!data || !area || !changed) {
      await this.write(undefined, { x: 0, y: 0 }, { x: 0, y: 0, width: 0, height: 0 }, delay);
      return;
    }
    const result = await this.workshop.start(
      { kind: 'raw', data, width: area.width, height: area.height, channels: frame.channels, depth: 8 },
      { ...this.options, ...RAW },
      (fraction) => (index + fraction) / this.count,
    );
    this.begin(result);
    const factor = this.margin === undefined ? 0 : result.width / area.width;
    const shown = grown(changed, this.margin ?? 0, this.animation);
    const from = { x: (shown.x - area.x) * factor, y: (shown.y - area.y) * factor };
    const to = factor ? scaled(shown, factor) : { x: 0, y: 0, ...this.size };
    await this.write(result, from, to, delay);
  }

  /**
   * @param {NativeResult | undefined} result undefined where nothing changed
   * @param {{ x: number, y: number }} from where in the result
   * @param {NativeRect} to where in the frame
   * @param {number} delay
   */
  async write(result, from, to, delay) {
    const added = this.encoder?.add(/** @type {any} */ (result), from.x, from.y, to, delay);
    if (added) await this.workshop.inTime(added);
  }

  /** @param {NativeResult} result of a frame, the first of which has the size of all */
  begin(result) {
    this.durationMs += result.durationMs;
    this.guarded += result.guarded;
    this.drawn += result.drawn;
    if (this.encoder) return;
    this.result = result;
    this.size = { width: result.width, height: result.height };
    const { quality, lossless } = this.options;
    const { format, count: frames } = this;
    const { loops } = this.animation;
    this.encoder = new this.workshop.native.NativeAnimationEncoder({
      format,
      ...this.size,
      frames,
      loops,
      quality,
      lossless,
    });
  }
}

/** @param {string} expected */
function endsEarly(expected) {
  return new UpscalerError('ERR_UPSCALER_DECODE', `Expected ${expected}`);
}

/**
 * A rectangle with a margin, inside of the frame.
 *
 * @param {NativeRect} rect
 * @param {number} margin
 * @param {{ width: number, height: number }} frame
 */
function grown({ x, y, width, height }, margin, frame) {
  const [left, top] = [Math.max(0, x - margin), Math.max(0, y - margin)];
  const right = Math.min(frame.width, x + width + margin);
  const bottom = Math.min(frame.height, y + height + margin);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/**
 * @param {NativeRect} rect
 * @param {number} factor
 */
function scaled({ x, y, width, height }, factor) {
  return { x: x * factor, y: y * factor, width: width * factor, height: height * factor };
}

/** @type {NativeUpscaleOptions} */
const RAW = {
  output: 'raw',
  format: undefined,
  depth: 8,
  keepMetadata: undefined,
  slices: undefined,
  page: undefined,
};

/**
 * A GIF of one frame.
 *
 * @param {NativeImage} source
 * @param {NativeUpscaleOptions} options
 * @param {Workshop} workshop
 * @returns {Promise<NativeResult>}
 */
async function still(source, options, workshop) {
  const result = await workshop.start(
    source,
    { ...options, ...RAW, page: options.page },
    (fraction) => fraction,
  );
  const { width, height } = result;
  const encoder = new workshop.native.NativeAnimationEncoder({
    format: 'gif',
    width,
    height,
    frames: 1,
    loops: 1,
  });
  const { inTime } = workshop;
  await inTime(encoder.add(/** @type {any} */ (result), 0, 0, { x: 0, y: 0, width, height }, 0));
  return { ...result, data: await inTime(encoder.finish()), format: 'gif', depth: 8 };
}

module.exports = { isMoving, upscaleFrames };

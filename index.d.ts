/// <reference types="node" />
import type { Readable } from 'node:stream';
import type { ReadableStream as WebReadableStream } from 'node:stream/web';

/**
 * Upscales pictures with a neural network, off the event loop.
 *
 * ```js
 * const Upscaler = require('upscaler-node');
 * const upscaler = new Upscaler();
 * const png = await upscaler.upscale(await readFile('photo.png'));
 * ```
 */
declare class Upscaler {
  /**
   * @throws TypeError or RangeError with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE` for options that cannot be
   *   used. A model that cannot be found or loaded fails `ready` and every call instead.
   */
  constructor(options?: Upscaler.UpscalerOptions);

  /** Settings of the whole process, to be made before the first model is loaded. */
  static configure(options: Upscaler.Configuration): void;
  /** What all instances of this process are doing. */
  static counters(): Upscaler.Counters;

  /** Resolves when the model is loaded and warmed up. Not awaiting it is fine: every call does. */
  readonly ready: Promise<void>;

  /**
   * Upscales one picture. What is in memory is copied at the call. A picture that cannot be done within its `timeout` is
   * refused as soon as that is seen.
   *
   * @returns a PNG, JPEG, WebP, AVIF or TIFF by default; see `output` for the other forms
   * @throws an `UpscalerError` whose `code` says what went wrong
   */
  upscale<O extends Upscaler.Output = 'buffer', P extends Upscaler.Output = O>(
    image: Upscaler.Input,
    options?: Upscaler.UpscaleOptions<O, P>,
  ): Promise<Upscaler.OutputTypes[O]>;
  upscale<O extends Upscaler.Output = 'buffer', P extends Upscaler.Output = O>(
    image: Upscaler.Input,
    options: Upscaler.UpscaleOptions<O, P, true> & { resolveWithObject: true },
  ): Promise<Upscaler.ResultWithInfo<Upscaler.OutputTypes[O]>>;
  /** A result that is read while it is computed: see `StreamOptions`. */
  upscale<P extends Upscaler.Output = 'buffer'>(
    image: Upscaler.Input,
    options: Upscaler.StreamOptions<P>,
  ): Promise<Readable>;
  upscale<P extends Upscaler.Output = 'buffer'>(
    image: Upscaler.Input,
    options: Upscaler.StreamOptions<P, true> & { resolveWithObject: true },
  ): Promise<{ data: Readable; info: Upscaler.StreamInfo }>;
  upscale(
    image: Upscaler.Input,
    options?: Upscaler.UpscaleArgs,
  ): Promise<
    Upscaler.OutputTypes[Upscaler.Output] | Upscaler.ResultWithInfo<Upscaler.OutputTypes[Upscaler.Output]>
  >;

  /** The same method under UpscalerJS's other name. */
  execute: Upscaler['upscale'];

  /**
   * Runs the model once for each size, so that the first picture does not pay for it.
   *
   * @param sizes sides of square pictures in pixels. Default: one of 128.
   */
  warmup(sizes?: Upscaler.WarmupSizes, options?: Upscaler.WarmupArgs): Promise<void>;

  /** Stops all calls of this instance, within one tile; they reject with an `AbortError`. */
  abort(): void;

  /**
   * Refuses new calls, finishes those that were accepted, then frees the model. May be called more than once.
   * For a quick end call `abort()` first.
   */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;

  /** The model in use. Rejects if it could not be loaded. */
  getModel(): Promise<Upscaler.Model>;

  /** What this instance is doing. */
  counters(): Upscaler.Counters;
}

declare namespace Upscaler {
  export { Upscaler };

  /** Every error of this library; `code` is stable, messages are not. */
  export class UpscalerError extends Error {
    constructor(code: UpscalerErrorCode, message: string, options?: ErrorOptions);
    readonly name: string;
    readonly code: UpscalerErrorCode;
    /**
     * The HTTP status that answers it, as http-errors has it, so that Express, Fastify and Koa answer rightly: 400 for
     * an empty body or a wrong argument, 413 for limits, 415, 422 for a damaged picture, 499 when cancelled, 503 when
     * full or disposed, 504 on timeout, else 500.
     */
    readonly statusCode: number;
    /** The same. */
    readonly status: number;
    /** The message may be shown to the client: of 4xx only. */
    readonly expose: boolean;
  }

  /** A call was cancelled; `cause` is its signal's reason. */
  export class AbortError extends UpscalerError {
    constructor(message?: string, options?: ErrorOptions);
    readonly name: 'AbortError';
    readonly code: 'ABORT_ERR';
  }

  export type UpscalerErrorCode =
    /** An argument has the wrong type. The error is a TypeError too. */
    | 'ERR_INVALID_ARG_TYPE'
    /** An argument has a value that cannot be used. The error is a TypeError or RangeError too. */
    | 'ERR_INVALID_ARG_VALUE'
    /** A file, stream or URL could not be read; see `cause`. */
    | 'ERR_UPSCALER_READ'
    /** The image is broken. */
    | 'ERR_UPSCALER_DECODE'
    /** The result could not be written in the wanted format. */
    | 'ERR_UPSCALER_ENCODE'
    /** Not an image, or of a format that is not supported (HEIC among them). */
    | 'ERR_UPSCALER_UNSUPPORTED_FORMAT'
    /** A limit on pixels, bytes or memory. */
    | 'ERR_UPSCALER_LIMIT'
    /** No model fits the name or query; the message lists the nearest. */
    | 'ERR_UPSCALER_MODEL_NOT_FOUND'
    /** The model is in a package that is not installed; the message has the command. */
    | 'ERR_UPSCALER_MODEL_NOT_INSTALLED'
    /** The model's files or definition cannot be used. */
    | 'ERR_UPSCALER_MODEL_LOAD'
    /** The model cannot take this picture. */
    | 'ERR_UPSCALER_MODEL_SHAPE'
    /** The network failed while running. */
    | 'ERR_UPSCALER_INFERENCE'
    /** The addon or ONNX Runtime could not be loaded. */
    | 'ERR_UPSCALER_RUNTIME_LOAD'
    /** The execution provider is not available. */
    | 'ERR_UPSCALER_PROVIDER'
    /** As many images are worked on and wait as `concurrency` and `maxPending` say. */
    | 'ERR_UPSCALER_QUEUE_FULL'
    /** The queue of @upscaler-node/bullmq cannot be used; see `cause`. */
    | 'ERR_UPSCALER_QUEUE'
    /** The call took longer than its `timeout`, or its signal was one of `AbortSignal.timeout`. */
    | 'ERR_UPSCALER_TIMEOUT'
    /** The instance was disposed. */
    | 'ERR_UPSCALER_DISPOSED'
    /** The call was cancelled. */
    | 'ABORT_ERR';

  export interface UpscalerOptions {
    /**
     * A catalogue name (`'span-4x'`), an UpscalerJS package name (`'@upscalerjs/esrgan-slim/4x'`), a query, a path
     * (absolute, or starting with `./`, `../` or `file:`, or ending in `.onnx`, `.json` or `.param`), a `file:` URL,
     * the bytes of an `.onnx`, or a model definition. Default: `'default'`, which chooses for each picture: SPAN for clean ones,
     * `photo-2x` for compressed JPEG and WebP files, `text-2x` or `text-4x` for what a program drew, `grey-2x` for alpha; that of
     * 4x where the result is more than twice as large.
     */
    model?: ModelName | (string & {}) | URL | ModelQuery | ModelDefinitionObjectOrFn | Uint8Array;
    /** Chooses among a family's models, and is checked against a model that is named otherwise. */
    scale?: number;
    /**
     * The channels of the pictures that the model is for. One for 3 can be had for 1 (grey: what it makes of grey in all
     * three, as BT.601 luma) and for 4 (alpha through its grey form). Default: the model's own.
     */
    channels?: 1 | 3 | 4;
    /**
     * `'int8'`: a model of the catalogue runs in 8-bit integers where that is faster on this machine, else in float32;
     * `getModel()` says which. A file of one's own must be what is asked for. Default: float32, files as they are.
     */
    precision?: 'fp32' | 'int8';
    /** Sizes to run before `ready` resolves. Default: none. */
    warmupSizes?: WarmupSizes;
    /** In order of preference, in onnxruntime-node's spelling. Default `['cpu']`; one that is not there fails `ready`. */
    executionProviders?: ExecutionProvider[];
    /** This instance's share of the process's threads. Default: all. */
    threads?: number;
    /**
     * Largest input in pixels; `false` for no limit. Default 50000000: the largest photographs of phones. Raise it for
     * pictures that you trust.
     */
    limitInputPixels?: number | boolean;
    /** Largest result in pixels; `false` for no limit. Default 1073610756. */
    limitOutputPixels?: number | boolean;
    /** Most bytes read from a file, stream, Blob or URL. Default 268435456 (256 MiB). */
    limitInputBytes?: number;
    /** The least damage for which an image is refused, as in sharp. Default `'error'`. */
    failOn?: 'none' | 'truncated' | 'error' | 'warning';
    /**
     * Images that are worked on at the same time; others wait, and are begun in their order (with a `timeout`: the one that
     * has to be done first). A stream that nobody reads gives its turn to the next. Default: eight times the process's threads,
     * or fewer: one for each 128 MiB of `maxMemory`.
     */
    concurrency?: number;
    /**
     * Images that may wait beside those that are worked on, for their turn, their bytes or the model; beyond it calls reject
     * with `ERR_UPSCALER_QUEUE_FULL`. 0: none waits. Default 256.
     */
    maxPending?: number;
    /**
     * `false`: nothing is read as a file, neither a string nor a `file:` URL. For what comes from outside. Default
     * `true`.
     */
    allowPaths?: boolean;
    /** Stops the loading of the model: `ready` and every call then reject with an `AbortError`. */
    signal?: AbortSignal;
    /** Milliseconds that the loading of the model may take. Default 120000. */
    timeout?: number;
    /**
     * `true` or a fetch function: http(s) URLs are read. Where URLs come from outside, give a function that refuses
     * hosts of your own network. Default `false`.
     */
    fetch?: boolean | typeof fetch;
    /** A TensorFlow.js, for hand-written model definitions whose functions need one. */
    tf?: object;
    /**
     * Replaces what the network has blown up: places whose result, reduced to the size of the input, is not the input, by
     * a stable network's or the resampled input's. For networks that should be faithful; one that changes what it sees is
     * taken for broken. Default: as the catalogue says of the model (`faithful`); `false` for models of one's own.
     */
    guard?: boolean;
  }

  export type ExecutionProvider = 'cpu' | 'webgpu' | 'cuda' | 'coreml' | 'dml' | (string & {});

  export interface Configuration {
    /** Worker threads of the process. Default: the cores that this process may use. */
    threads?: number;
    /**
     * Bytes that pictures may take together: decoded, in the network and while they are encoded. Default: half of what
     * the process may have (the machine's memory, or the limit of its control group) beside 160 MiB for itself, at
     * least 96 MiB and at most 4 GiB, or 256 MiB for each core where that is more.
     */
    maxMemory?: number;
  }

  export interface Counters {
    queued: number;
    running: number;
    done: number;
    failed: number;
    aborted: number;
    /** Of those that failed: refused because the queue was full, or because they could not be done in time. */
    refused: number;
  }

  export type Input =
    | string
    | URL
    | Uint8Array
    | ArrayBuffer
    | SharedArrayBuffer
    | Blob
    | NodeJS.ReadableStream
    | ReadableStream
    | WebReadableStream
    | RawInput
    | TensorInput
    | TensorFlowTensor;

  /** sharp's raw pixels: interleaved rows of 1 to 4 channels. */
  export interface RawInput {
    /** 8-bit samples, or 16-bit ones in a Uint16Array. */
    data: Uint8Array | Uint8ClampedArray | Uint16Array;
    width: number;
    height: number;
    channels: number;
    /** Bits of a sample; 16 for a Buffer of 16-bit samples in the machine's byte order. Default: as `data` says. */
    depth?: 8 | 16;
  }

  /** Interleaved rows of 1 to 4 channels, nominally 0..255. */
  export interface TensorInput {
    data: Float32Array;
    /** `[height, width, channels]` or `[1, height, width, channels]`. */
    shape: readonly number[];
  }

  export interface Tensor {
    data: Float32Array;
    shape: number[];
  }

  /** A tensor of TensorFlow.js, which is read and not disposed. */
  export interface TensorFlowTensor {
    readonly shape: readonly number[];
    data(): Promise<ArrayLike<number>>;
    dispose?(): void;
  }

  export interface RawImage {
    /** A Uint16Array where samples have 16 bits. */
    data: Buffer | Uint16Array;
    width: number;
    height: number;
    channels: number;
  }

  /** What `output` names. */
  export interface OutputTypes {
    /** An encoded image. */
    buffer: Buffer;
    /** An encoded image as a `data:` URL. */
    base64: string;
    /** `[height, width, channels]`, clamped to 0..255. */
    tensor: Tensor;
    /** Pixels, 8 or 16 bits a sample. */
    raw: RawImage;
  }
  export type Output = keyof OutputTypes;
  export type ResultFormat = Output | undefined;

  /**
   * A variable of this type keeps what a call resolves with: a `Buffer` for `UpscaleOptions`, a tensor for
   * `UpscaleOptions<'tensor'>`, `{ data, info }` for `UpscaleOptions<'buffer', 'buffer', true>`. For options whose `output` is
   * known only when the program runs: `UpscaleArgs`.
   */
  export interface UpscaleOptions<
    O extends Output = 'buffer',
    P extends Output = O,
    R extends boolean = false,
  > {
    /** Default `'buffer'`. (UpscalerJS's default on Node is `'tensor'`.) `'stream'`: see `StreamOptions`. */
    output?: O;
    /**
     * Side of square patches in input pixels, padding included. Default: automatic, seamless tiles; networks that look
     * at the whole picture (`halo: null`) get it whole, and in patches give an approximate result.
     */
    patchSize?: number;
    /** Overlap of patches on each side in input pixels. Default with `patchSize`: 0. */
    padding?: number;
    /**
     * Called at every percent, or after each tile if it takes slices; never after the promise has settled. An error
     * that it throws ends the call. Of animations it is given the fraction alone.
     */
    progress?: ProgressCallback<P>;
    /**
     * Form of the slices that `progress` is given. They have the channels that go through the network: alpha that is
     * resampled, or the same everywhere, is not among them. Default: as `output`.
     */
    progressOutput?: P;
    signal?: AbortSignal;
    /** Accepted for UpscalerJS's sake: frames never wait here. */
    awaitNextFrame?: boolean;
    /**
     * Format of an encoded result. Default: the input's where it can hold the result, else PNG. `'gif'` has at most 255
     * colours a frame; it is the default for animated GIF alone. `'avif'` is lossy, smallest, and takes longest to write.
     */
    format?: 'png' | 'jpeg' | 'jpg' | 'webp' | 'avif' | 'tiff' | 'tif' | 'gif';
    /**
     * All frames of an animated GIF, WebP or PNG, with their delays and loops, as a GIF, WebP or PNG; only what changes
     * from frame to frame is computed again. Pictures that do not move are upscaled as always. Default `false`: one frame.
     */
    animated?: boolean;
    /** Which page of a TIFF or frame of an animation is taken, or comes first; from 0. Default 0. */
    page?: number;
    /** How many frames of an animation from `page` on; -1: all, as `animated`. Default 1. */
    pages?: number;
    /** 1..100, for JPEG, AVIF and lossy WebP. Default 90. */
    quality?: number;
    /** Lossless WebP. Default `false`. */
    lossless?: boolean;
    /** 0..9, for PNG. Default 3. */
    compressionLevel?: number;
    /** Bits of a sample, for PNG, TIFF, raw and AVIF, which has 10 for 16. Default: the input's. */
    depth?: 8 | 16;
    /** Size of the result relative to the input; any positive number. Default: the model's. */
    scale?: number;
    /** Size of the result in pixels. With one of the two, the other follows. */
    width?: number;
    height?: number;
    /** How the picture fits `width` and `height` together, as in sharp. Default `'cover'`. */
    fit?: 'cover' | 'contain' | 'fill' | 'inside' | 'outside';
    /** Transparency through the model, resampled, or removed. Default `'model'`. */
    alpha?: 'model' | 'resample' | 'remove';
    /**
     * Colour under removed transparency and around a `'contain'`ed picture: `'#rrggbb'`, `[r, g, b]` or `{ r, g, b }`.
     * Default: black.
     */
    background?: string | readonly [number, number, number] | { r: number; g: number; b: number };
    /** Turns the picture as its EXIF orientation says; animations are never turned. Default `true`. */
    autoOrient?: boolean;
    /**
     * `'none'`: sRGB; `'icc'`: the input's colour profile, whose colours are kept beyond sRGB too; `'all'`: also EXIF
     * (without its thumbnail, and with what it says of places: GPS), XMP, IPTC and resolution, as far as the output's
     * format has room for them. What does not fit is left out with a warning; animations, and their frames after the
     * first, are sRGB without any of it. Default `'none'`.
     */
    keepMetadata?: 'none' | 'icc' | 'all';
    /** Resolves with `{ data, info }`. Default `false`. */
    resolveWithObject?: R;
    /** Milliseconds from the call after which it rejects with `ERR_UPSCALER_TIMEOUT`. Default: none. */
    timeout?: number;
  }

  /**
   * Resolves with a `Readable` of the encoded image when its first bytes are there; the rest is made while it is read. PNG
   * and JPEG are sent band by band, with a few bands in memory; other formats as a whole at the end. Read it to its
   * end or destroy it: until then the call goes on, its `timeout` and `signal` count, and `progress` is called. What fails
   * after the first bytes is the stream's `'error'`.
   */
  export interface StreamOptions<P extends Output = 'buffer', R extends boolean = false> extends Omit<
    UpscaleOptions<'buffer', P, R>,
    'output'
  > {
    output: 'stream';
    /** Bytes that may wait for a slow reader before the work waits for it. Default 1 MiB. */
    highWaterMark?: number;
  }

  /** What is known of a stream before its first byte. */
  export type StreamInfo = Pick<OutputInfo, 'width' | 'height' | 'channels' | 'format' | 'model'>;

  export interface ResultWithInfo<T> {
    data: T;
    info: OutputInfo;
  }

  export interface OutputInfo {
    width: number;
    height: number;
    channels: number;
    /** `'png'`, `'jpeg'`, `'webp'`, `'avif'`, `'tiff'`, `'gif'`, `'raw'` or `'tensor'`. */
    format: string;
    /** Bytes. */
    size: number;
    /** The network that ran; `a+b` where a cleaned the picture before b upscaled it. */
    model: string;
    durationMs: number;
    /** The same by stage, one after the other. */
    stages: Stages;
    /**
     * The share of the result, 0..1, that the network had blown up and that was replaced; 0 nearly always. See
     * {@link UpscalerOptions.guard}.
     */
    guarded: number;
    /**
     * The share of the picture, 0..1, that was drawn by a program and that the default therefore had upscaled by its network
     * for letters and line art instead of `model`; 0 for other models.
     */
    drawn: number;
    /** How many pages or frames the input has. */
    pages: number;
  }

  /** Milliseconds. */
  export interface Stages {
    /** Reading the picture. */
    decode: number;
    /** The network; finished rows are compressed meanwhile. */
    upscale: number;
    /** What was left after the last row: resampling and compressing. */
    encode: number;
  }

  /** `fraction` is 0..1. Slices are made only for callbacks that take two or three parameters. */
  export type ProgressCallback<P extends Output = Output> = (
    fraction: number,
    slice: OutputTypes[P],
    sliceData: SliceData,
  ) => unknown;
  export type Progress = SingleArgProgress | MultiArgStringProgress | MultiArgTensorProgress;
  export type SingleArgProgress = (fraction: number) => unknown;
  export type MultiArgStringProgress = ProgressCallback<'base64'>;
  export type MultiArgTensorProgress = ProgressCallback<'tensor'>;

  export interface SliceData {
    row: number;
    col: number;
    patchCoordinates: Patch;
  }

  /** A patch of the input; `post` is the part to keep, counted from the patch's corner. */
  export interface Patch {
    pre: PatchCoordinates;
    post: PatchCoordinates;
  }

  export interface PatchCoordinates {
    /** `[y, x]` */
    origin: Coordinate;
    /** `[height, width]` */
    size: Coordinate;
  }
  export type Coordinate = [number, number];

  export type NumericWarmupSizes = number;
  export interface WarmupSizesByPatchSize {
    patchSize: number;
    padding?: number;
  }
  export type WarmupSizes =
    NumericWarmupSizes | WarmupSizesByPatchSize | (NumericWarmupSizes | WarmupSizesByPatchSize)[];
  export interface WarmupArgs {
    signal?: AbortSignal;
    awaitNextFrame?: boolean;
  }

  /** Models of the catalogue. Its families' names with a `scale`, and UpscalerJS's names, choose one too. */
  export type ModelName =
    | 'default'
    | 'span-2x'
    | 'span-4x'
    | 'fast-2x'
    | 'fast-4x'
    | 'tiny-2x'
    | 'grey-2x'
    | 'text-2x'
    | 'text-4x'
    | 'photo-2x'
    | 'esrgan-thick-2x'
    | 'esrgan-thick-3x'
    | 'esrgan-thick-4x'
    | 'esrgan-thick-8x'
    | 'esrgan-medium-2x'
    | 'esrgan-medium-3x'
    | 'esrgan-medium-4x'
    | 'esrgan-medium-8x'
    | 'esrgan-slim-2x'
    | 'esrgan-slim-3x'
    | 'esrgan-slim-4x'
    | 'esrgan-slim-8x'
    | 'photo-4x'
    | 'illustration-2x'
    | 'illustration-3x'
    | 'illustration-4x'
    | 'photo-hq-4x'
    | 'illustration-hq-4x'
    | 'denoise-2x-1'
    | 'denoise-2x-0'
    | 'denoise-2x-2'
    | 'denoise-2x-3'
    | 'denoise-2x-none'
    | 'gans-4x'
    | 'psnr-small-2x'
    | 'div2k-2x'
    | 'div2k-3x'
    | 'div2k-4x'
    | 'maxim-denoising'
    | 'maxim-deblurring'
    | 'maxim-deraining'
    | 'maxim-dehazing-indoor'
    | 'maxim-enhancement';
  export type Domain =
    | 'photo'
    | 'photo-restoration'
    | 'illustration'
    | 'denoising'
    | 'deblurring'
    | 'deraining'
    | 'dehazing'
    | 'low-light'
    | 'text';
  export type ModelSize = 'small' | 'medium' | 'large';

  /** Each field narrows the choice. */
  export interface ModelQuery {
    scale?: number;
    /** What it is for. */
    domain?: Domain | (string & {});
    dataset?: string;
    architecture?: string;
    family?: string;
    size?: ModelSize | (string & {});
    /** 1, 3 or 4. Models for 3 fit the others too: they are loaded in that form. */
    channels?: number;
    /** How much noise a denoising network takes away, 0 to 3. */
    noise?: number;
    /** `'int8'`, or what the network was trained or published with. */
    quantization?: string;
  }

  /** A network, and all that is known of it. `'unstated'` is what its authors do not say; `null` is what was not measured. */
  export interface CatalogueEntry {
    id: string;
    family: string;
    /** What the family is called. */
    title: string;
    description: string;
    /** Other names that choose it, those of UpscalerJS among them. */
    aliases: string[];
    /** `architecture/author/dataset/scale/channels`, the architecture with its settings. */
    path: string;
    /** 1 for networks that restore a picture at its own size. */
    scale: number;
    channels: number;
    domain: string;
    /** How much noise it takes away, 0 to 3; `null` if it is not a denoising network. */
    noise: number | null;
    /** What the default takes it for; `null`: for none. */
    artefacts: Artefacts | null;
    /** Whether the default takes it for what was drawn by a program: letters, line art, screens. */
    drawn: boolean;
    /** Whether the default takes it for the alpha of pictures in colour. */
    alpha: boolean;
    /** Its result, reduced, should be its input again: what is not is replaced, unless `guard` is off. */
    faithful: boolean;
    /** The id of the network that takes its place there, if it is installed; else the input is resampled. */
    fallback: string | null;
    architecture: string;
    /** Choices made before training, named as the architecture's paper or trainer names them. */
    settings: Record<string, number | string | boolean>;
    size: string;
    author: string;
    authors: string;
    dataset: string;
    /** How its weights were rounded where it was published. */
    quantization: string | null;
    /** What `precision` may be. */
    precisions: string[];
    parameters: number;
    /** Multiplications of one upscaling for each input pixel. */
    macsPerPixel: number | null;
    /** Input pixels that a result pixel depends on, on each side; `null`: all of them. */
    receptiveField: number | null;
    /** Input pixels by which tiles overlap on each side: the receptive field, but not more than matters. */
    halo: number | null;
    /** Bytes of the file that is shipped. */
    fileSize: number | null;
    /** Of that file, or of a `model.json` followed by its shards; checked when the model is loaded. */
    sha256: string;
    /** On the luma channel, borders of `scale` pixels left out: dB and structural similarity. */
    quality: { set5: { psnrY: number; ssimY: number } | null };
    /** Input pixels per second with one thread; span-2x is 1. */
    relativeSpeed: number | null;
    /**
     * What the int8 form was measured to lose and gain: its result against the float32 one on photos, in dB; what is
     * lost on Set5, in dB; how many times as fast it is as float32 on ONNX Runtime's kernels and on our own, on a
     * processor with AVX-512 and VNNI.
     */
    int8: { psnr: number; psnrYLost: number; speed: number; kernelsSpeed: number } | null;
    /** How often the network by itself shows what is not in the picture; `null`: not measured. */
    stability: Stability | null;
    /** The same with the guard; `null`: not measured. */
    guardedStability: Stability | null;
    /** The same of the int8 form; `null`: there is none, or it was not measured. */
    int8Stability: Stability | null;
    /** What its authors measured, where Set5 says nothing. */
    published: { benchmark: string; psnr: number; ssim: number } | null;
    /** How it was trained and can be again. */
    training: { description: string; paper?: string; repository: string };
    /** The name of the training run that it came out of. */
    checkpoint: string | null;
    /** Of the weights, from where they come from: an SPDX identifier. */
    license: string;
    licenseUrl: string;
    /** The registry package that the weights were taken from, and the file in it. */
    origin: { registry: string; package: string; version: string; folder: string; file: string };
    /** What a user had better know. */
    notes: string | null;
    /** The npm package that holds it. */
    package: string;
    /** What to `require` for its definition. */
    module: string;
    /** It can be used as it is: it came with this package, or its package is installed. */
    installed: boolean;
  }

  /** On which pictures of the stress set a result is not what was upscaled, see docs/models.md. */
  export interface Stability {
    /** Which set of pictures. */
    set: string;
    /** How many of them. */
    pictures: number;
    /** And how large they are together. */
    megapixels: number;
    /** Pictures with a blown pixel. */
    blownPictures: number;
    /** Blown pixels of all pictures together. */
    blownPixels: number;
  }

  /**
   * The highest qualities, 1 to 100 and estimated from the file, at which a picture is better off with a network that
   * takes away the artefacts of its compression.
   */
  export interface Artefacts {
    jpeg: number;
    webp: number;
  }

  export interface ModelInfo {
    scale: number;
    channels: number;
    /** Input pixels by which tiles overlap on each side; `null`: it sees the whole picture, and must not be tiled. */
    halo: number | null;
    format: 'onnx' | 'tfjs' | 'ncnn';
    parameters: number;
    /**
     * Multiplications for each input pixel; `null`: they do not grow with the picture. Of a network that is another one
     * for every size: those for a small picture.
     */
    macsPerPixel: number | null;
    /** Input pixels that a result pixel depends on, on each side; `null`: all of them. `halo` may be less. */
    receptiveField: number | null;
    sizeBytes: number;
    /** The execution provider in use. */
    provider: string;
    /** The convolution kernels in use. */
    kernels: string;
    precision: string;
    inputRange: [number, number];
    outputRange: [number, number];
    /** `[height, width]` where the network takes one size only. */
    fixedSize?: [number, number];
  }

  export interface Model extends ModelInfo, Partial<Omit<CatalogueEntry, keyof ModelInfo | 'installed'>> {
    /** The name that `info.model` carries. */
    model: string;
    modelDefinition: ModelDefinition;
    /** The models that it takes for some pictures, or for parts of them. */
    alternatives?: Alternative[];
  }

  export interface Alternative {
    model: string;
    scale: number;
    /**
     * `clean`: upscales clean pictures to larger or smaller sizes; `compressed`: takes away artefacts of compression;
     * `fallback`: takes the place of another of its scale where `guard` finds that to have blown up; `drawn`: takes the
     * place of another of its scale in what was drawn by a program; `alpha`: for the alpha of pictures in colour.
     */
    role: 'clean' | 'compressed' | 'fallback' | 'drawn' | 'alpha';
    /** Of `compressed`. */
    artefacts: Artefacts | null;
  }

  export type Range = readonly [number, number];
  export type ModelType = 'layers' | 'graph';
  export interface ModelConfigurationInternals {
    name: string;
    version?: string;
    path: string;
  }

  /**
   * A model as UpscalerJS's packages describe it. Functions of `@upscalerjs/*` definitions are built in and never
   * called.
   */
  export interface ModelDefinition {
    /** A file, a `file:` URL, or one of TensorFlow.js's IO handlers, such as `tf.io.fileSystem('./model.json')`. */
    path?: string | IOHandler;
    modelType?: ModelType;
    scale?: number;
    /** As the option `channels`. */
    channels?: number;
    inputRange?: Range;
    outputRange?: Range;
    divisibilityFactor?: number;
    /**
     * 64 hexadecimal digits: of the file, of a `model.json` followed by its shards in the manifest's order, or of a
     * `.param` followed by its `.bin`. A model that has another is refused with `ERR_UPSCALER_MODEL_LOAD`.
     */
    sha256?: string;
    meta?: Meta;
    _internals?: ModelConfigurationInternals;
    /** Given the whole picture, `[1, height, width, channels]`, before it is brought to `inputRange`. */
    preprocess?: ProcessFn;
    /**
     * Given what is kept of each patch, `[1, height, width, channels]`, in `outputRange`, before it is clamped. It
     * returns as many values.
     */
    postprocess?: ProcessFn;
    setup?: (tf?: any) => void | Promise<void>;
    teardown?: (tf?: any) => void | Promise<void>;
  }
  /** What TensorFlow.js loads a model from: of tfjs-node's the `path` is read, of others what `load()` gives. */
  export interface IOHandler {
    load?(): Promise<any>;
  }
  export type Meta = { [key: string]: unknown };
  /**
   * Tensors are those of `options.tf`, or plain ones without it; what is returned may be a promise. An error that it throws
   * ends the call, as the `cause` of an `ERR_UPSCALER_INFERENCE`.
   */
  export type ProcessFn = (tensor: any) => unknown;
  export type ModelDefinitionFn = (tf?: any) => ModelDefinition;
  export type ModelDefinitionObjectOrFn = ModelDefinition | ModelDefinitionFn;

  /** Options whose `output` is known only when the program runs. */
  export type UpscaleArgs = Omit<UpscaleOptions<Output, Output, boolean>, 'progress'> & {
    progress?: Progress;
  };

  /** Every model of the catalogue that fits, best choice first, installed or not. */
  export function listModels(query?: ModelQuery): CatalogueEntry[];
  /** The same list under UpscalerJS's name. */
  export function getModelDefinitions(query?: ModelQuery): CatalogueEntry[];

  /**
   * UpscalerJS's cut of a picture into patches: rows of patches, in input pixels.
   *
   * @param size `[width, height]`
   * @param padding less than half of `patchSize`
   */
  export function getPatchesFromImage(size: [number, number], patchSize: number, padding: number): Patch[][];

  export const versions: {
    readonly 'upscaler-node': string;
    readonly napi: string;
    /** Major and minor. */
    readonly onnxruntime: string;
  };
}

export = Upscaler;

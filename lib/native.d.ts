/**
 * What the Rust addon offers to this folder. Nothing here is public: index.d.ts is.
 * The addon's side is `src/node/`; a change there is a change here.
 */

export interface NativeAddon {
  /** Where panics happened, and what they said, since this was asked last. */
  takePanics(): string[];
  /** The process is about to exit: waits until no thread is inside ONNX Runtime, and lets none in again. */
  leave(): void;
  /** Whether nobody in this process asked before, to call `leave`. */
  firstAtExit(): boolean;
  /** Says where the ONNX Runtime library is; it is loaded with the first model. */
  init(libraryPath: string): void;
  configure(options: { threads?: number; maxMemory?: number }): void;
  counters(): Counters;
  versions(): { core: string; onnxruntime: string };
  convert(source: ModelSource, storage?: 'float32' | 'float16'): Promise<Buffer>;
  quantize(
    source: ModelSource,
    pictures: string[],
    storage?: 'float32' | 'float16',
  ): Promise<NativeQuantized>;
  NativeUpscaler: new (options: NativeUpscalerOptions) => NativeUpscaler;
  NativeAnimationEncoder: new (options: NativeAnimationOptions) => NativeAnimationEncoder;
}

export interface NativeQuantized {
  onnx: Buffer;
  /** Bytes of the model as an `.onnx` in float32. */
  floatBytes: number;
  integerOperators: number;
  operators: number;
  calibratedOn: number;
  comparedOn: number;
  /** Of the int8 results against those in float32, in dB. */
  psnr: number;
}

export interface NativeUpscalerOptions {
  threads?: number;
  concurrency?: number;
  maxPending?: number;
  /** Of a file on disk. */
  limitInputBytes?: number;
  /** 0: no limit. */
  limitInputPixels?: number;
  /** 0: no limit. */
  limitOutputPixels?: number;
  failOn?: 'none' | 'truncated' | 'error' | 'warning';
}

export interface NativeUpscaler {
  /** The alternatives are loaded when a picture first needs them. */
  load(source: ModelSource, alternatives?: Alternative[]): Promise<ModelInfo>;
  /** Stops the loading. */
  abortLoad(): void;
  /** Counts a call as waiting before it can be started; `start` or `withdraw` follows. */
  enqueue(id: number): void;
  /** The frames of an enqueued animation are started next, each by itself; `withdraw` follows. */
  beginFrames(id: number): void;
  withdraw(id: number, outcome: 'done' | 'failed' | 'aborted'): void;
  start(
    id: number,
    image: NativeImage,
    options: NativeUpscaleOptions,
    callbacks: NativeCallbacks,
  ): Promise<NativeResult>;
  /** A file of several frames; null for anything else. */
  openAnimation(image: NativeImage): Promise<NativeAnimation | null>;
  /** The encoded result of a call that is not started yet is sent in chunks, read by `nextChunk`; `closeStream` follows. */
  openStream(id: number): void;
  /** A header, then bytes, then `null`, also after an error. */
  nextChunk(id: number): Promise<NativeChunk | null>;
  closeStream(id: number): void;
  abort(id: number): void;
  dispose(): Promise<void>;
  counters(): Counters;
}

/** The caller's functions for one call. */
export interface NativeCallbacks {
  progress?: (progress: NativeProgress) => void;
  preprocess?: NativeHook;
  postprocess?: NativeHook;
}

export interface Counters {
  queued: number;
  running: number;
  done: number;
  failed: number;
  aborted: number;
  refused: number;
}

export interface ModelSource {
  path?: string;
  bytes?: Uint8Array;
  name?: string;
  /** Of the file, or of its files one after the other, in hexadecimal digits: checked before it is loaded. */
  sha256?: string;
  scale?: number;
  inputRange?: readonly [number, number];
  outputRange?: readonly [number, number];
  channels?: number;
  divisibilityFactor?: number;
  precision?: 'fp32' | 'int8';
  /** The same model in int8, taken where `precision` asks for it and it is the faster one on this machine. */
  quantized?: string;
  /** Whether it is faster than our own kernels on float32, where bytes are multiplied fast. */
  quantizedBeatsKernels?: boolean;
  /** Replace what the network has blown up. Default: false. */
  guard?: boolean;
  executionProviders?: string[];
}

/** A model that takes the place of an instance's own for some pictures. */
export interface Alternative {
  source: ModelSource;
  scale: number;
  /**
   * `clean`: for clean pictures, where its scale fits better; `compressed`: for those with artefacts of compression;
   * `fallback`: for what another network of its scale has blown up; `drawn`: for what was drawn by a program;
   * `alpha`: for the alpha of pictures in colour.
   */
  role: 'clean' | 'compressed' | 'fallback' | 'drawn' | 'alpha';
  /** Of `compressed`: the qualities from which on down it is taken. */
  artefacts?: { jpeg: number; webp: number };
}

export interface ModelInfo {
  name: string;
  /** Of the bytes that were loaded, all files one after the other. */
  sha256: string;
  scale: number;
  channels: number;
  /** Absent if the network must see the whole picture. */
  halo?: number;
  /** Input pixels by which the result of a guarded network depends on more than its halo. */
  guardReach: number;
  format: 'onnx' | 'tfjs' | 'ncnn';
  parameters: number;
  /** Absent where the work does not grow with the picture. */
  macsPerPixel?: number;
  /** Absent where every input pixel counts. */
  receptiveField?: number;
  sizeBytes: number;
  provider: string;
  kernels: string;
  precision: string;
  inputRange: [number, number];
  outputRange: [number, number];
  /** [height, width] where the network takes one size only. */
  fixedSize?: [number, number];
}

export type NativeImage =
  | { kind: 'encoded'; data: Uint8Array }
  | { kind: 'path'; path: string }
  | { kind: 'raw'; data: Uint8Array; width: number; height: number; channels: number; depth: 8 | 16 }
  | { kind: 'tensor'; data: Float32Array; width: number; height: number; channels: number };

/** Rows of interleaved floats. */
export interface NativeTensor {
  data: Float32Array;
  width: number;
  height: number;
  channels: number;
}

/** Called on the event loop; a rejection must have aborted the call. */
export type NativeHook = (given: NativeTensor) => Promise<NativeTensor>;

export interface NativeUpscaleOptions {
  output?: 'encoded' | 'raw' | 'tensor';
  format?: 'png' | 'jpeg' | 'webp' | 'avif' | 'tiff' | 'gif';
  quality?: number;
  lossless?: boolean;
  compressionLevel?: number;
  depth?: 8 | 16;
  scale?: number;
  width?: number;
  height?: number;
  fit?: 'cover' | 'contain' | 'fill' | 'inside' | 'outside';
  patchSize?: number;
  padding?: number;
  alpha?: 'model' | 'resample' | 'remove';
  background?: [number, number, number];
  autoOrient?: boolean;
  keepMetadata?: 'none' | 'icc' | 'all';
  page?: number;
  slices?: 'encoded' | 'raw' | 'tensor';
  /** Milliseconds from now: what cannot be done by then is refused as soon as that is seen. */
  timeout?: number;
}

export interface NativeAnimation {
  width: number;
  height: number;
  frames: number;
  /** How often it is shown; 0: for ever. */
  loops: number;
  format: string;
  /** The next frame: what changed, with so many pixels around it; all of it without a margin. */
  next(margin?: number): Promise<NativeFrame | null>;
}

export interface NativeFrame {
  /** Milliseconds. */
  delay: number;
  /** The pixels of `area`; absent where nothing changed. */
  data?: Buffer;
  channels: number;
  area?: NativeRect;
  changed?: NativeRect;
}

export interface NativeAnimationOptions {
  format: 'gif' | 'webp' | 'png';
  width: number;
  height: number;
  frames: number;
  loops: number;
  quality?: number;
  lossless?: boolean;
}

export interface NativeAnimationEncoder {
  /** Adds a frame that differs from the one before in `to`, whose pixels stand in the picture from (x, y) on. */
  add(
    picture: { data: Uint8Array; width: number; height: number; channels: number } | undefined,
    x: number,
    y: number,
    to: NativeRect,
    delay: number,
  ): Promise<void>;
  finish(): Promise<Buffer>;
}

export interface NativePixels {
  /** Bytes of a file or 8-bit samples, floats, or 16-bit samples. */
  data: Buffer | Float32Array | Uint16Array;
  width: number;
  height: number;
  channels: number;
}

export interface NativeResult extends NativePixels {
  depth: 8 | 16 | 32;
  format?: string;
  model: string;
  durationMs: number;
  stages: { decode: number; upscale: number; encode: number };
  guarded: number;
  drawn: number;
  /** Pages or frames of the input. */
  pages: number;
  warnings: string[];
}

export interface NativeChunk {
  header?: NativeStreamHeader;
  data?: Buffer;
}

export interface NativeStreamHeader {
  format: string;
  width: number;
  height: number;
  channels: number;
  model: string;
}

export interface NativeRect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface NativeProgress {
  fraction: number;
  tile?: NativeTile;
}

export interface NativeTile {
  row: number;
  col: number;
  pre: NativeRect;
  post: NativeRect;
  slice: NativePixels;
}

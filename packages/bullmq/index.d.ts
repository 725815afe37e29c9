import type { EventEmitter } from 'node:events';
import type { S3Client } from '@aws-sdk/client-s3';
import type {
  BackoffOptions,
  ConnectionOptions,
  Job,
  Queue,
  QueueEvents,
  RateLimiterOptions,
  Worker,
} from 'bullmq';
import type Upscaler from 'upscaler-node';
import type { JobStore } from 'upscaler-node/express';

/** Where pictures are that are too large for Redis; the same for producers and workers. */
export interface Store {
  put(key: string, bytes: Uint8Array, type?: string): Promise<void>;
  /** @throws `ERR_UPSCALER_READ` */
  get(key: string): Promise<Buffer>;
  delete(key: string): Promise<void>;
  /**
   * What tells two contents of a key apart. Without it, jobs of a key are never the same job, and results are read to
   * learn whether they are there.
   *
   * @throws where the key has nothing
   */
  version?(key: string): Promise<string | undefined>;
}

/** A folder that producers and workers share. */
export class FileStore implements Store {
  constructor(root: string);
  put(key: string, bytes: Uint8Array): Promise<void>;
  get(key: string): Promise<Buffer>;
  delete(key: string): Promise<void>;
  version(key: string): Promise<string>;
  /** Removes pictures that were written more than `age` milliseconds ago, and says how many. */
  prune(age: number): Promise<number>;
}

export interface S3StoreOptions {
  client: S3Client;
  bucket: string;
  /** In front of every key. Default: none. */
  prefix?: string;
}

/** A bucket of S3, or of whatever speaks its protocol. Wants `@aws-sdk/client-s3`. */
export class S3Store implements Store {
  constructor(options: S3StoreOptions);
  put(key: string, bytes: Uint8Array, type?: string): Promise<void>;
  get(key: string): Promise<Buffer>;
  delete(key: string): Promise<void>;
  version(key: string): Promise<string | undefined>;
}

interface CommonOptions {
  /** BullMQ's: a client of ioredis, or its options, such as `{ url }` or `{ host, port }`. */
  connection: ConnectionOptions;
  /** The queue. Default `'upscale'`. */
  name?: string;
  /** Of all keys in Redis. Default: BullMQ's, `'bull'`. */
  prefix?: string;
  store?: Store;
  /** Bytes up to which a picture travels through Redis. Default 256 KiB with a store, 16 MiB without. */
  inlineLimit?: number;
}

export interface UpscaleQueueOptions extends CommonOptions {
  /** How often a job is tried that may succeed the next time. Default 3. */
  attempts?: number;
  /** Milliseconds that results and failures are kept, and serve whoever asks for the same again. Default: an hour. */
  ttl?: number;
  /** Jobs that may wait; more are refused with `ERR_UPSCALER_QUEUE_FULL`. Default: no limit. */
  maxPending?: number;
  /** Milliseconds for an answer of Redis; then `ERR_UPSCALER_QUEUE`. Default 10 000. */
  requestTimeout?: number;
}

/** Bytes, a file that the producer reads, or the key of a picture that is in the store. */
export type PictureSource = Uint8Array | { path: string } | { key: string };

/** Options of `upscale()` that mean the same on another machine, and those of the job. */
export interface AddOptions extends Omit<
  Upscaler.UpscaleOptions<'buffer'>,
  'output' | 'progress' | 'progressOutput' | 'signal' | 'awaitNextFrame' | 'resolveWithObject'
> {
  /** A name of the catalogue or a package. Default: the worker's. */
  model?: string;
  /** From 1, the highest, on. Without one it goes before all that have one. */
  priority?: number;
  /** Milliseconds before it may begin. */
  delay?: number;
  attempts?: number;
  /** Default: exponential from one second on. */
  backoff?: number | BackoffOptions;
  /** `false`: a job of its own, even where the same was asked for. Default `true`. */
  deduplicate?: boolean;
  /** Kept with the job. */
  filename?: string;
}

export interface JobProgress {
  /** 0..100 */
  percent: number;
  stage: 'upscale' | 'encode';
}

export interface UpscaledResult {
  data: Buffer;
  info: Upscaler.OutputInfo;
  /** Where it is in the store, if it is there. */
  key?: string;
}

export interface WaitOptions {
  /** Ends the waiting, not the job. */
  signal?: AbortSignal;
  /** Milliseconds; then `ERR_UPSCALER_TIMEOUT`. The job goes on. */
  timeout?: number;
}

export class UpscaleJob {
  private constructor();
  /** Of `addVariants`: of the variants together. `queue.get` and `queue.cancel` know it. */
  readonly id: string;
  /** BullMQ's own. Of `addVariants`: of the first variant. */
  readonly job: Job;
  /**
   * Of `addVariants`: the result of the first, when all are done.
   *
   * @throws the `UpscalerError` that it failed with; an `AbortError` where it was cancelled or is kept no longer
   */
  finished(options?: WaitOptions): Promise<UpscaledResult>;
  /**
   * Of `addVariants`: the results in the order of the variants.
   *
   * @throws the error of the first that fails
   */
  variants(options?: WaitOptions): Promise<UpscaledResult[]>;
  /** Ends with the job; the last of a job that is done says 100 percent. */
  progress(): AsyncGenerator<JobProgress>;
  /** Forgets a job that waits or has ended, with its result. */
  remove(): Promise<void>;
}

export class UpscaleQueue {
  constructor(options: UpscaleQueueOptions);
  readonly queue: Queue;
  readonly events: QueueEvents;
  /**
   * The same picture, options and model are one job while its result is kept.
   *
   * @throws `ERR_UPSCALER_QUEUE_FULL` where `maxPending` wait or Redis is full, `ERR_UPSCALER_QUEUE` where it cannot be
   *   reached, `ERR_UPSCALER_LIMIT` where the picture is too large for Redis and there is no store
   */
  add(source: PictureSource, options?: AddOptions): Promise<UpscaleJob>;
  /** All of them, or none. */
  addBulk(pictures: { source: PictureSource; options?: AddOptions }[]): Promise<UpscaleJob[]>;
  /** Variants of one picture, for `srcset`: each is the job that `add` gives for it. */
  addVariants(source: PictureSource, variants: AddOptions[]): Promise<UpscaleJob>;
  get(id: string): Promise<UpscaleJob | undefined>;
  /** Resolves with whether there was something to cancel. */
  cancel(id: string): Promise<boolean>;
  counts(): Promise<{ waiting: number; delayed: number; active: number; completed: number; failed: number }>;
  /** Milliseconds that the first job has waited. */
  oldestWait(): Promise<number>;
  /** Jobs whose every worker was lost, kept for seven days. */
  quarantine(): Promise<UpscaleJob[]>;
  close(): Promise<void>;
}

export interface UpscaleWorkerOptions extends CommonOptions {
  /** One's own instance for jobs that name no model; it is not disposed by `close()`. */
  upscaler?: Upscaler;
  /** Options of the instances that are made here. */
  instance?: Omit<Upscaler.UpscalerOptions, 'allowPaths' | 'fetch'>;
  /** Names that a job may name. Default: whatever is installed. */
  models?: readonly string[];
  /** Pictures at a time. Default: the cores, or fewer where memory is small. */
  concurrency?: number;
  /** BullMQ's: `{ max, duration }` of all workers together. */
  limiter?: RateLimiterOptions;
  /** Milliseconds after which a job of a lost worker may be taken up again. Default 20 000. */
  lockDuration?: number;
  /** Milliseconds between looks for such jobs, and for failed ones that are older than `ttl`. Default 10 000. */
  stalledInterval?: number;
  /** How often a job may lose its worker before it is quarantined. Default 2. */
  maxStalledCount?: number;
  /** Milliseconds, about, for which a job goes back whose model is not here. Default 1000. */
  modelRetryDelay?: number;
}

export class UpscaleWorker extends EventEmitter {
  constructor(options: UpscaleWorkerOptions);
  readonly worker: Worker;
  /** Connected, and the model of jobs that name none is loaded. */
  ready(): Promise<void>;
  /** Finishes what it has within `grace` milliseconds (default 30 000); the rest goes back to the queue. */
  close(options?: { grace?: number }): Promise<void>;
}

/** Jobs for the routes of `upscaler-node/express`, `/fastify` and `/web`: `createUpscale({ jobs: jobStore(…) })`. */
export function jobStore(options: UpscaleQueueOptions): JobStore;

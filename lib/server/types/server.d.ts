import Upscaler = require('../../../index.js');

/** What `upscaler-node/express`, `/fastify` and `/web` take. */
export interface ServerOptions {
  /** One's own instance for pictures whose request names no model; it is not disposed by `close()`. */
  upscaler?: Upscaler;
  /** Options of the instances that are made here. `allowPaths` and `fetch` are always off. */
  instance?: Omit<
    Upscaler.UpscalerOptions,
    'allowPaths' | 'fetch' | 'limitInputPixels' | 'limitOutputPixels'
  >;
  /** Names that a request's `model` may choose from. Default: none; the model is `instance.model`. */
  models?: readonly string[];
  limits?: Limits;
  /** Pictures that are upscaled at a time. Default: twice the cores that this process may use. */
  concurrency?: number;
  /** Pictures that may wait, arrive or be sent beyond those; more are answered 503 before their body is read. Default 64. */
  maxPending?: number;
  /** What a request may choose, in its query, its form fields or its JSON. `false` takes a parameter away. */
  parameters?: Parameters;
  /** Read multipart forms. Default: if busboy is installed. */
  multipart?: boolean;
  /** Read JSON with a picture in base64. Default `true`. */
  json?: boolean;
  /** Read pictures from the web that JSON names. Default: no. */
  urls?: UrlOptions;
  /**
   * Send PNG and JPEG while they are made: the first bytes leave early, memory stays small, and the answer has no
   * `Content-Length`. Default `true`.
   */
  stream?: boolean;
  /** Send an ETag of the picture, the options and the model. Default `false`. */
  etag?: boolean;
  /** The `Cache-Control` of results. Default: none. */
  cacheControl?: string;
  /** Send `Content-Disposition` with the name of the picture. Default: none. */
  disposition?: 'inline' | 'attachment';
  /** Pictures that are fetched later: in this process' memory, or in a store such as @upscaler-node/bullmq's. */
  jobs?: JobOptions | JobStore;
  /** A registry of prom-client that gets the metrics. */
  metrics?: import('prom-client').Registry;
  /** Spans and metrics through @opentelemetry/api. Default `false`. */
  telemetry?: boolean;
}

export interface Limits {
  /** Of a picture, in bytes. Default 20 MiB. */
  bytes?: number;
  /** Of a JSON body, in bytes: parsing it holds up the event loop. Default 8 MiB. */
  jsonBytes?: number;
  /** Of all requests together. Default 256 MiB. */
  totalBytes?: number;
  /** Default 25 million. */
  inputPixels?: number;
  /** Default 100 million. */
  outputPixels?: number;
  /**
   * Milliseconds from a request to the last byte of its answer, waiting included; then 504, or, where the answer has
   * begun, a connection that is cut. Default 60 000.
   */
  timeout?: number;
  /** Milliseconds for the body to arrive; then 408. Default 30 000. */
  bodyTimeout?: number;
}

export interface Parameters {
  /** Default `{ max: 4 }`. */
  scale?: false | { min?: number; max?: number };
  /** Default `{ max: 16384 }`, within `limits.outputPixels`. */
  width?: false | { min?: number; max?: number };
  height?: false | { min?: number; max?: number };
  /** How width and height together are filled. Default: all five. */
  fit?: false | readonly ('cover' | 'contain' | 'fill' | 'inside' | 'outside')[];
  /** Also what is offered in content negotiation. Default: png, jpeg, webp. */
  format?: false | readonly string[];
  /** Default `{ min: 1, max: 100 }`. */
  quality?: false | { min?: number; max?: number };
}

export interface UrlOptions {
  /** Hosts, with their port if it is not the usual one. Only https, unless they start with `http://`. */
  hosts: readonly string[];
  /** Default: Node's. Redirects are refused. */
  fetch?: typeof fetch;
}

export interface JobOptions {
  /** Milliseconds that a job is kept after its end. Default 600 000. */
  ttl?: number;
  /** Jobs that are kept, finished or not; those that failed or were fetched make room for new ones. Default 1000. */
  max?: number;
  /** Bytes of the results that are kept. Default 256 MiB. */
  maxBytes?: number;
}

/** A picture to upscale later. */
export interface JobRequest {
  image: Buffer;
  options: Upscaler.UpscaleOptions<'buffer'>;
  /** One of `models`. */
  model?: string;
  filename?: string;
}

export type JobState = 'waiting' | 'active' | 'done' | 'failed' | 'cancelled';

export interface JobView {
  id: string;
  state: JobState;
  /** 0..100 */
  percent: number;
  /** What is being done of an active job: reading, upscaling or writing. */
  stage?: 'decode' | 'upscale' | 'encode';
  /** From 1 on, of a waiting job. */
  position?: number;
  /** Of a finished one: when it will be forgotten. */
  expiresAt?: string;
  result?: Pick<Upscaler.OutputInfo, 'width' | 'height' | 'format' | 'size' | 'model' | 'durationMs'>;
  error?: Problem;
}

/** Where jobs are kept. */
export interface JobStore {
  add(request: JobRequest): Promise<JobView>;
  get(id: string): Promise<JobView | undefined>;
  /** Of a job that is done. */
  result(id: string): Promise<{ data: Buffer; info: Upscaler.OutputInfo; filename?: string } | undefined>;
  /** Hears that the result of a job has been sent to a client as a whole. */
  fetched?(id: string): void;
  /** `undefined`: there is no such job; else what has become of it. */
  cancel(id: string): Promise<JobView | undefined>;
  /** Calls `listener` at every change. */
  subscribe(id: string, listener: (view: JobView) => void): Promise<() => void>;
  /** Resolves when what was accepted is done and fetched, or not here to be done. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** The body of an answer that is not a picture (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  /** What was expected, what was found: for 4xx. */
  detail?: string;
  /** An `UpscalerErrorCode`, or `'ERR_UPSCALER_REQUEST'` where the request itself is wrong. */
  code: string;
}

/** What a server is doing. */
export interface ServerStatus {
  running: number;
  waiting: number;
  /** Milliseconds that a picture which came now would wait. */
  expectedWait: number;
  draining: boolean;
}

/** What all adapters share. */
export interface Server {
  status(): ServerStatus;
  /** Loads the models. Without it, the first request does. */
  load(): Promise<void>;
  /** Answers new pictures with 503 and resolves when those that were accepted are done and have been sent. */
  drain(): Promise<void>;
  /** Stops what is under way and frees the models that were made here. */
  close(): Promise<void>;
}

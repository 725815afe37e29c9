import type { OutputInfo, StreamInfo } from '../../index.js';
import type { Service } from './service';

/** What becomes of one picture, as it becomes. Milliseconds are those of `performance.now()`. */
export interface PictureRecord {
  /** How it came: the route that took it. */
  route: 'upscale' | 'jobs';
  arrived: number;
  /** When its body had arrived. */
  read?: number;
  /** When its turn had come. */
  begun?: number;
  /** When its result was there, if that was before any of it was sent. */
  made?: number;
  /** When its answer had been sent, or had failed. */
  finished: number;
  bytesIn: number;
  /** Of a stream: what its head says. */
  info?: StreamInfo & Partial<OutputInfo>;
  status: number;
  /** Of an error. */
  code?: string;
}

/** Hears of one picture. */
export interface Watch {
  read(bytes: number): void;
  begun(): void;
  upscaled(info: StreamInfo & Partial<OutputInfo>): void;
  /** The end, whatever it was. */
  end(status: number, code?: string): void;
}

/** Whoever measures: metrics, spans, a log. */
export interface Observer {
  attach?(service: Service): void;
  detach?(): void;
  /** A picture arrives. What is returned hears of its end. */
  arrive?(route: PictureRecord['route']): ((record: PictureRecord) => void) | void;
}

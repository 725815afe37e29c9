import type { Readable } from 'node:stream';

/** A request, whatever framework it came through. */
export interface Exchange {
  method: string;
  /** As the client wrote it: with where the handler is mounted, without the query. */
  path: string;
  query: URLSearchParams;
  header(name: string): string | undefined;
  body: ExchangeBody;
  /** Aborted when the client goes away before it has its answer. */
  signal: AbortSignal;
  /** Resolves with the end of the answer: `true` where all of it was sent. */
  sent: Promise<boolean>;
  /** Closes the connection, and with it an answer that is not sent yet. */
  cut(reason: unknown): void;
}

/** What a framework's parser made of the body, or else the body as it comes. */
export type ExchangeBody =
  | { kind: 'stream'; stream: Readable }
  | { kind: 'bytes'; bytes: Buffer }
  | { kind: 'fields'; fields: Record<string, unknown> }
  | { kind: 'none' };

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body?: Buffer | Readable;
  /** Of an error. */
  code?: string;
}

export type Route = (exchange: Exchange) => Promise<Reply>;

import type { RequestBody } from '../client/request-body.js';

/** A request as a backend gets it. */
export interface BackendRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly host: string;
  /** Name, value, …; without Host and without what belongs to the hop. */
  readonly headers: readonly string[];
  readonly body: RequestBody | undefined;
  /** The client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean;
  /** The client takes trailers (`TE: trailers`, RFC 9110 §10.1.4). */
  readonly takesTrailers: boolean;
  /** Names of the trailers that the client announces (`Trailer`, RFC 9110 §6.6.2). */
  readonly trailer: string | undefined;
}

/** The head of a backend's answer. */
export interface BackendAnswer {
  readonly status: number;
  readonly reason: string;
  /** Name, value, …, as received. */
  readonly rawHeaders: readonly string[];
}

/**
 * Who takes the answer of a call. Methods are called in this order: `started`, then `informed` and `mayContinue` any
 * number of times, `answered`, `data`, `ended`; or `failed` at any point. Nothing is called behind `ended`, `failed` or
 * {@link Call.abort}.
 */
export interface CallReceiver {
  /** The connection stands: from here on the backend may have seen something of the request. */
  started(): void;
  /** An interim answer but 100 and 101 (RFC 9110 §15.2). */
  informed(answer: BackendAnswer): void;
  /** The body is wanted: a client that waits for `100 Continue` is told. At most once. */
  mayContinue(): void;
  answered(answer: BackendAnswer): void;
  /** @returns false to be asked no more until {@link Call.resume}. */
  data(chunk: Buffer): boolean;
  /** @param rawTrailers Name, value, …. */
  ended(rawTrailers: readonly string[]): void;
  failed(error: unknown): void;
}

/** One request under way to a backend. */
export interface Call {
  /** Goes on after `data` returned false. */
  resume(): void;
  /** Gives the request up and closes what only it used. The receiver hears nothing of it. Idempotent. */
  abort(): void;
}

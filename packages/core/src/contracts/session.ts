import type { ErrorCode } from '../errors/error-codes.js';
import type { GatewayError } from '../errors/gateway-error.js';
import type { Endpoint } from './endpoint.js';
import type { Route } from './route.js';

/** One side of a session. */
export type Side = 'client' | 'backend';

/** Bytes and messages of one direction. */
export interface TransferCount {
  readonly bytes: number;
  /** Data messages; 0 in opaque mode, which does not know them. */
  readonly messages: number;
}

/** How a session ended: decided once, at its first end, error, Close frame, timeout or drain. */
export interface SessionSummary {
  readonly exchangeId: string;
  readonly routeId: string;
  readonly endpoint: Endpoint;
  /** Who ended it. */
  readonly closedBy: Side | 'gateway';
  /** The Close code that ended it; undefined when there was none (a cut, opaque mode). */
  readonly closeCode: number | undefined;
  /** The reason beside the code, as text. */
  readonly closeReason: string;
  /** Set when the session did not end by a Close handshake of its two ends. */
  readonly errorCode: ErrorCode | undefined;
  /** From the 101 to the end of both sockets. */
  readonly durationMs: number;
  readonly fromClient: TransferCount;
  readonly fromBackend: TransferCount;
}

/** An open tunnel, owned by a relay, known to the gateway so that it can be counted and drained. */
export interface Session {
  readonly id: string;
  readonly route: Route;
  /** Fulfilled once both sockets are gone; never rejected. */
  readonly closed: Promise<SessionSummary>;
  /** What has passed so far; read at any time. */
  readonly fromClient: TransferCount;
  readonly fromBackend: TransferCount;
  /**
   * Ends the session for a reason of the catalogue: a Close frame with the error's close code and message to both sides
   * at the next boundary, the error's code in the summary and on the log line. Idempotent; the first end counts.
   */
  close(error: GatewayError): void;
  /** Asks both sides to leave: a Close frame at the next safe boundary, then a bounded wait. Idempotent. */
  drain(closeCode: number, reason: string): void;
  /** Cuts both sockets now. Idempotent. */
  destroy(): void;
}

import type { ErrorSource } from './error-catalogue-entry.js';
import { ERROR_CATALOGUE, type ErrorCode } from './error-codes.js';

const BRAND: unique symbol = Symbol.for('ocelot.GatewayError') as never;

/** What a {@link GatewayError} may be given beside its code. */
export interface GatewayErrorOptions {
  /** Overrides the catalogue's status: the code UPGRADE_INVALID is 400, 405 or 426. */
  readonly status?: number;
  readonly closeCode?: number;
  readonly source?: ErrorSource;
  /** Replaces the catalogue's sentence. The client sees it: no secrets, no addresses of backends. */
  readonly message?: string;
  /** For the log only. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Lines for the refusal, such as `Retry-After`. */
  readonly headers?: RefusalHeaders;
  /** Body of the refusal, in place of the JSON that says code, message and request id. */
  readonly body?: RefusalBody;
  readonly cause?: unknown;
}

/** Lines of a refusal by their names; several values are lines of their own, as `Set-Cookie` wants it. */
export type RefusalHeaders = Readonly<Record<string, string | readonly string[]>>;

/** What a refusal says in its body. */
export interface RefusalBody {
  readonly contentType: string;
  readonly text: string;
}

/**
 * A refusal or an end, with a code, a status, a Close code and a side to blame. Stages throw it to refuse; relays turn
 * it into an HTTP answer before the 101 and into a Close frame after it.
 */
export class GatewayError extends Error {
  override readonly name: string = 'GatewayError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly closeCode: number | undefined;
  readonly source: ErrorSource;
  readonly details: Readonly<Record<string, unknown>>;
  readonly headers: RefusalHeaders;
  readonly body: RefusalBody | undefined;

  constructor(code: ErrorCode, options: GatewayErrorOptions = {}) {
    const entry = ERROR_CATALOGUE[code];
    super(options.message ?? entry.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? entry.status;
    this.closeCode = options.closeCode ?? entry.closeCode;
    this.source = options.source ?? entry.source;
    this.details = options.details ?? {};
    this.headers = options.headers ?? {};
    this.body = options.body;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Tells a GatewayError from anything else, also one made by another copy of this package in the process. */
export function isGatewayError(error: unknown): error is GatewayError {
  return error instanceof Error && (error as { [BRAND]?: boolean })[BRAND] === true;
}

/** `error` of RFC 6750 §3.1, as far as checking credentials goes. */
export type AuthErrorName = 'invalid_request' | 'invalid_token';

/** What an {@link AuthFailure} is made of. */
export interface AuthFailureOptions {
  /** @default 'invalid_token' */
  readonly error?: AuthErrorName;
  /** The check could not be made: nothing is said about the credentials. @default false */
  readonly isUnavailable?: boolean;
  readonly cause?: unknown;
}

/**
 * Says why credentials were not accepted: what providers throw.
 *
 * - `invalid_request`: the client sent credentials twice, or in two places (RFC 6750 §2): 400, no other provider is asked.
 * - `invalid_token`: they are wrong, expired or not meant for us: 401, unless another provider accepts.
 * - `isUnavailable`: an issuer or a file that is needed does not answer: 503, unless another provider accepts.
 *
 * Neither `reason` nor the message ever holds a credential.
 */
export class AuthFailure extends Error {
  override readonly name: string = 'AuthFailure';
  /** From a small set, for log lines and tests: `expired`, `signature`, `audience`, `several-credentials`, …. */
  readonly reason: string;
  readonly error: AuthErrorName;
  readonly isUnavailable: boolean;

  /**
   * @param reason kebab-case.
   * @param message One sentence that the client may see, without values.
   */
  constructor(reason: string, message: string, options: AuthFailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.error = options.error ?? 'invalid_token';
    this.isUnavailable = options.isUnavailable ?? false;
  }
}

/** Tells an AuthFailure from anything else, also one of another copy of this package. */
export function isAuthFailure(error: unknown): error is AuthFailure {
  return error instanceof Error && error.name === 'AuthFailure' && 'reason' in error;
}

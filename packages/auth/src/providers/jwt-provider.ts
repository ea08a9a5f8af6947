import type { Identity, JsonObject, JsonValue } from '@ocelot/core';
import { decodeProtectedHeader, errors, jwtVerify, type JWTVerifyOptions, type ProtectedHeaderParameters } from 'jose';

import type { KeySource } from '../keys/key-source.js';
import { openKeySource } from '../keys/open-key-source.js';
import type { WantedKey } from '../keys/verification-key.js';
import { AuthFailure, isAuthFailure } from './auth-failure.js';
import { type JwtOptions, plainType, readJwtOptions } from './jwt-options.js';
import { OptionReader } from './option-reader.js';
import type { Provider, ProviderFactory, VerifyContext } from './provider.js';
import { tokenIdentity } from './token-identity.js';
import { tokenProvider } from './token-provider.js';

/** Most keys that one token is tried with; a token with a `kid` has one. */
const MAX_TRIES = 8;

/**
 * Makes a provider of type `Jwt` (RFC 7519, RFC 8725): signed tokens, verified with keys of a file, of an issuer, or
 * with a shared secret. Loads jose, so import it only when there is one.
 */
export const createJwtProvider: ProviderFactory = async (name, options, context): Promise<Provider> => {
  const reader = new OptionReader(options, context.location);
  const settings = await readJwtOptions(reader, context.log);
  const keys = await openKeySource(settings, reader, context);
  if (settings.audiences.length === 0) {
    context.log.warn(
      { source: context.location },
      'Tokens for any audience are accepted: Audience says which are meant for this gateway.',
    );
  }
  const verifier = new JwtVerifier(name, settings, keys, context.wallNowMs);
  try {
    return tokenProvider({
      name,
      options,
      context,
      verify: (token, verification) => verifier.verify(token, verification),
      close: () => keys.close(),
    });
  } catch (error) {
    keys.close();
    throw error;
  }
};

class JwtVerifier {
  readonly #provider: string;
  readonly #options: JwtOptions;
  readonly #keys: KeySource;
  readonly #wallNowMs: () => number;

  constructor(provider: string, options: JwtOptions, keys: KeySource, wallNowMs: () => number) {
    this.#provider = provider;
    this.#options = options;
    this.#keys = keys;
    this.#wallNowMs = wallNowMs;
  }

  async verify(token: string, context: VerifyContext): Promise<Identity> {
    const wanted = this.#readHeader(token);
    const { keys, issuer } = await this.#keys.find(wanted, context);
    const options = this.#verifyOptions(issuer);
    for (const { key } of keys.slice(0, MAX_TRIES)) {
      try {
        const { payload } = await jwtVerify(token, key, options);
        return tokenIdentity(payload as JsonObject, {
          provider: this.#provider,
          subjectClaim: this.#options.subjectClaim,
        });
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw failureOf(error);
      }
    }
    if (keys.length === 0) throw new AuthFailure('unknown-key', 'The token is signed with a key that is not known.');
    throw new AuthFailure('signature', 'The signature of the token is wrong.');
  }

  #readHeader(token: string): WantedKey {
    let header: ProtectedHeaderParameters;
    try {
      header = decodeProtectedHeader(token);
    } catch (error) {
      throw new AuthFailure('malformed', 'The token is malformed.', { cause: messageOf(error) });
    }
    const { alg, kid, typ } = header as Readonly<Record<string, JsonValue | undefined>>;
    // Before any key is looked for: what a token says of itself never widens what is allowed (RFC 8725 §3.1).
    if (typeof alg !== 'string' || !this.#options.algorithms.includes(alg)) {
      throw new AuthFailure('algorithm', 'The algorithm of the token is not allowed.');
    }
    const { tokenTypes } = this.#options;
    if (tokenTypes.length > 0 && !(typeof typ === 'string' && tokenTypes.includes(plainType(typ)))) {
      throw new AuthFailure('type', 'The token is of another type.');
    }
    return { algorithm: alg, id: typeof kid === 'string' ? kid : undefined };
  }

  #verifyOptions(issuer: string | undefined): JWTVerifyOptions {
    const { algorithms, audiences, issuers, clockSkewSeconds, requiredClaims } = this.#options;
    const accepted = issuers.length > 0 || issuer === undefined ? issuers : [issuer];
    return {
      algorithms: [...algorithms],
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(this.#wallNowMs()),
      requiredClaims: [...requiredClaims],
      ...(accepted.length === 0 ? {} : { issuer: [...accepted] }),
      ...(audiences.length === 0 ? {} : { audience: [...audiences] }),
    };
  }
}

const CLAIM_REASONS: Readonly<Record<string, readonly [reason: string, message: string]>> = {
  iss: ['issuer', 'The token is of another issuer.'],
  aud: ['audience', 'The token is meant for somebody else.'],
  nbf: ['not-yet-valid', 'The token is not valid yet.'],
};

function failureOf(error: unknown): AuthFailure {
  if (isAuthFailure(error)) return error;
  if (error instanceof errors.JWTExpired) return new AuthFailure('expired', 'The token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed) return claimFailure(error);
  if (error instanceof errors.JOSENotSupported) {
    // Above all a critical header that nobody here understands (RFC 7515 §4.1.11).
    return new AuthFailure('not-supported', 'The token demands what is not supported.', { cause: messageOf(error) });
  }
  return new AuthFailure('malformed', 'The token is malformed.', { cause: messageOf(error) });
}

function claimFailure(error: errors.JWTClaimValidationFailed): AuthFailure {
  const [reason, message] = (error.reason === 'missing' ? undefined : CLAIM_REASONS[error.claim]) ?? [
    error.reason === 'missing' ? 'claim-missing' : 'claim',
    error.reason === 'missing' ? 'The token lacks a claim.' : 'A claim of the token is not accepted.',
  ];
  return new AuthFailure(reason, message, { cause: messageOf(error) });
}

/** Without the claims that errors of jose carry: what a cause holds may be logged. */
function messageOf(error: unknown): string | undefined {
  return error instanceof Error ? error.message : undefined;
}

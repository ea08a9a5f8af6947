import type { Identity, JsonObject, JsonValue } from '@ocelot/core';

import { AuthFailure } from './auth-failure.js';

/** How an {@link Identity} is made of the claims of a token. */
export interface TokenIdentityOptions {
  readonly provider: string;
  /** Claim that names the subject. */
  readonly subjectClaim: string;
}

/**
 * Who a verified set of claims speaks of (RFC 7519 §4.1, RFC 7662 §2.2): each claim as texts, a list as several, what
 * is no text as JSON.
 */
export function tokenIdentity(claims: JsonObject, { provider, subjectClaim }: TokenIdentityOptions): Identity {
  const texts = claimTexts(claims);
  return Object.freeze({
    provider,
    subject: texts[subjectClaim]?.[0],
    tokenId: texts['jti']?.[0],
    claims: texts,
    expiresAtMs: timeOf(claims, 'exp'),
  });
}

/**
 * A time of a token in milliseconds since 1970, also one that was written as text; undefined when there is none.
 * @throws AuthFailure when it is no number (1e400 is none): a token that ends at a time that nobody can read would never
 *   end.
 */
export function timeOf(claims: JsonObject, name: 'exp' | 'nbf'): number | undefined {
  const value = claims[name];
  if (value === undefined || value === null) return undefined;
  const seconds = typeof value === 'string' && /^\d{1,15}(\.\d{1,9})?$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) {
    throw new AuthFailure('claim', 'A claim of the token is not accepted.', { cause: `${name} is no time` });
  }
  return Math.min(seconds * 1000, Number.MAX_SAFE_INTEGER);
}

/** Claims by name. The object has no prototype: a claim may be called `constructor`. */
export function claimTexts(claims: JsonObject): Readonly<Record<string, readonly string[]>> {
  const texts = Object.create(null) as Record<string, readonly string[]>;
  for (const [name, value] of Object.entries(claims)) {
    if (value === undefined || value === null) continue;
    const values: readonly JsonValue[] = Array.isArray(value) ? value : [value];
    texts[name] = Object.freeze(values.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))));
  }
  return Object.freeze(texts);
}

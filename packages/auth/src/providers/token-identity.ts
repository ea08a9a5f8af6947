import type { Identity, JsonObject, JsonValue } from '@ocelot/core';

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
    expiresAtMs: expiryOf(claims),
  });
}

/** `exp` in milliseconds since 1970; undefined when there is none. */
export function expiryOf({ exp }: JsonObject): number | undefined {
  return typeof exp === 'number' && Number.isFinite(exp) ? Math.min(exp * 1000, Number.MAX_SAFE_INTEGER) : undefined;
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

import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';

import type { JsonObject } from '@ocelot/core';

/** A key that signatures are checked with, and what it may be used for. */
export interface VerificationKey {
  readonly key: KeyObject;
  /** Undefined: it is tried for every `kid`. */
  readonly id: string | undefined;
  /** Undefined: every algorithm that fits its kind. */
  readonly algorithm: string | undefined;
}

/** What a token says of its key (RFC 7515 §4.1). */
export interface WantedKey {
  readonly algorithm: string;
  readonly id: string | undefined;
}

/** Algorithms with a public key; `none` is no algorithm here. */
export const PUBLIC_ALGORITHMS: readonly string[] =
  'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');

/** Algorithms with a shared secret, and the bytes that it must have (RFC 7518 §3.2). */
export const SECRET_ALGORITHMS: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 };

const CURVES: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' };
const MIN_RSA_BITS = 2048;

/** A shared secret as a key. */
export function secretKey(secret: Uint8Array): VerificationKey {
  return { key: createSecretKey(secret), id: undefined, algorithm: undefined };
}

/** A public key. @returns undefined when no signature is checked with its kind, or it is too short (RFC 7518 §3.3). */
export function publicKey(key: KeyObject, id?: string, algorithm?: string): VerificationKey | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const isUsable =
    (type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS) ||
    (type === 'ec' && Object.values(CURVES).includes(details?.namedCurve ?? '')) ||
    type === 'ed25519';
  return isUsable ? { key, id, algorithm } : undefined;
}

/**
 * A public key in JSON (RFC 7517). Its private part, if it has one, is not looked at.
 * @returns undefined when it is for something else: encryption, a shared secret, a kind that is not known.
 */
export function jwkKey(jwk: JsonObject): VerificationKey | undefined {
  const { kty, use, key_ops: operations, kid, alg } = jwk;
  if (typeof kty !== 'string' || kty === 'oct') return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (Array.isArray(operations) && !operations.includes('verify')) return undefined;
  try {
    const { n, e, crv, x, y } = jwk;
    const key = createPublicKey({ key: { kty, n, e, crv, x, y } as JsonWebKey, format: 'jwk' });
    return publicKey(key, text(kid), text(alg));
  } catch {
    // A key that cannot be read is left out, as RFC 7517 §5 says of keys that are not understood.
    return undefined;
  }
}

/** Whether a key may have signed what a token says: by kind first, so that no public key is ever taken for a secret. */
export function keyFits({ key, id, algorithm }: VerificationKey, wanted: WantedKey): boolean {
  if (id !== undefined && wanted.id !== undefined && id !== wanted.id) return false;
  if (algorithm !== undefined && sameName(algorithm) !== sameName(wanted.algorithm)) return false;
  const family = wanted.algorithm.slice(0, 2);
  if (family === 'HS') return key.type === 'secret';
  if (key.type !== 'public') return false;
  if (family === 'RS' || family === 'PS') return key.asymmetricKeyType === 'rsa';
  if (family === 'ES') return key.asymmetricKeyDetails?.namedCurve === CURVES[wanted.algorithm];
  return family === 'Ed' && key.asymmetricKeyType === 'ed25519';
}

/** RFC 9864 gave `EdDSA` with Ed25519 a name of its own. */
function sameName(algorithm: string): string {
  return algorithm === 'EdDSA' ? 'Ed25519' : algorithm;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

import { createPublicKey, X509Certificate } from 'node:crypto';

import type { JsonObject, JsonValue } from '@ocelot/core';

import { jwkKey, publicKey, type VerificationKey } from './verification-key.js';

/** Most keys of one set: a token without `kid` is tried with each that fits. */
const MAX_KEYS = 100;
const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/**
 * Reads the public keys of a file: PEM (keys and certificates, several of them), a JWK, or a JWK Set.
 * @throws Error when there is none, or a private key; the message never quotes the file.
 */
export function parseKeys(content: string): readonly VerificationKey[] {
  const keys = content.trimStart().startsWith('{') ? fromJson(content) : fromPem(content);
  if (keys.length === 0) {
    throw new Error(
      'There is no public key in it that signatures can be checked with (RSA from 2048 bits, EC, Ed25519).',
    );
  }
  return keys;
}

/**
 * Reads a JWK Set (RFC 7517 §5). Keys for other uses are left out.
 * @throws Error when it is none, or has more than 100 keys.
 */
export function parseKeySet(set: JsonObject): readonly VerificationKey[] {
  const { keys } = set;
  if (!Array.isArray(keys)) throw new Error('It is no JWK Set: there is no list of keys in it.');
  if (keys.length > MAX_KEYS) throw new Error(`The JWK Set has more than ${MAX_KEYS} keys.`);
  return keys
    .filter((key: JsonValue) => typeof key === 'object' && key !== null && !Array.isArray(key))
    .map((key) => jwkKey(key as JsonObject))
    .filter((key) => key !== undefined);
}

function fromJson(content: string): readonly VerificationKey[] {
  let value: JsonObject;
  try {
    value = JSON.parse(content) as JsonObject;
  } catch {
    // The parser's message quotes the file.
    throw new Error('It is neither PEM nor JSON.');
  }
  const keys: readonly JsonValue[] = Array.isArray(value['keys']) ? value['keys'] : [value];
  if (keys.some((key) => (key as JsonObject | null)?.['kty'] === 'oct')) {
    throw new Error('It holds a shared secret (kty oct): that belongs into SecretFile.');
  }
  return parseKeySet({ keys });
}

function fromPem(content: string): readonly VerificationKey[] {
  const keys: VerificationKey[] = [];
  for (const [block, label = ''] of content.matchAll(PEM_BLOCK)) {
    if (label.endsWith('PRIVATE KEY')) {
      throw new Error('It holds a private key; the gateway needs the public one (openssl pkey -in KEY -pubout).');
    }
    const key = label === 'CERTIFICATE' ? new X509Certificate(block).publicKey : createPublicKey(block);
    const usable = publicKey(key);
    if (usable !== undefined) keys.push(usable);
  }
  return keys;
}

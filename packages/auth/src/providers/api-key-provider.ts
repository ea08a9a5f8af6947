import { createHash, createHmac, randomBytes } from 'node:crypto';

import type { Identity, Logger } from '@ocelot/core';

import { createTokenSource } from '../credentials/token-source.js';
import { readSecret } from '../keys/secret-value.js';
import { AuthFailure } from './auth-failure.js';
import { bearerError, challenge } from './challenge.js';
import { OptionReader } from './option-reader.js';
import type { Credentials, Provider, ProviderFactory } from './provider.js';
import { claimTexts } from './token-identity.js';

const MAX_KEY_BYTES = 1024;
const MIN_KEY_LENGTH = 16;

/**
 * Makes a provider of type `ApiKey`: long random texts, each with a name, claims and, if wanted, an end.
 *
 * Keys are kept as digests and looked up by an HMAC of theirs with a key that this process made for itself: what the
 * time of a look-up tells about the table says nothing about any key.
 */
export const createApiKeyProvider: ProviderFactory = async (name, options, context): Promise<Provider> => {
  const reader = new OptionReader(options, context.location);
  const source = createTokenSource({ kind: 'api-key', defaultPlaces: ['header:X-Api-Key'] }, reader);
  const salt = randomBytes(32);
  const keys = await readKeys(name, reader, salt, context.log);
  const places = reader.texts('In').join(', ') || 'header:X-Api-Key';
  return {
    name,
    firstMessage: source.firstMessage,
    find: (exchange) => source.find(exchange),
    strip: (exchange) => source.strip(exchange),
    forRoute: (section, location) => source.forRoute(section, location),
    // No scheme is registered for API keys; RFC 9110 §11.6.1 wants a challenge with every 401.
    challenge: (failure) =>
      challenge('ApiKey', { realm: reader.text('Realm') ?? name, in: places, ...bearerError(failure) }),
    fromText: (text, place) => ({ kind: 'api-key', token: text.trim(), place }),
    verify: (credentials) => verify(credentials, keys, salt, context.wallNowMs()),
  };
};

function verify(credentials: Credentials, keys: ReadonlyMap<string, Identity>, salt: Buffer, nowMs: number): Identity {
  if (credentials.kind !== 'api-key') {
    throw new AuthFailure('malformed', 'These are no credentials for this provider.');
  }
  if (credentials.token.length > MAX_KEY_BYTES) throw new AuthFailure('too-large', 'The key is too long.');
  const identity = keys.get(lookupKey(digestOf(credentials.token), salt));
  if (identity === undefined) throw new AuthFailure('unknown-key', 'The key is not known.');
  if ((identity.expiresAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
    throw new AuthFailure('expired', 'The key has expired.');
  }
  return identity;
}

async function readKeys(
  provider: string,
  reader: OptionReader,
  salt: Buffer,
  log: Logger,
): Promise<ReadonlyMap<string, Identity>> {
  const entries = reader.objects('Keys');
  if (entries.length === 0) throw reader.fault('Keys', 'is missing.', 'List at least one key with Name and Sha256.');
  const keys = new Map<string, Identity>();
  for (const entry of entries) {
    const lookup = lookupKey(await readDigest(entry, log), salt);
    if (keys.has(lookup)) throw entry.fault('Name', 'has the same key as one before it.');
    keys.set(lookup, readIdentity(provider, entry));
  }
  return keys;
}

async function readDigest(entry: OptionReader, log: Logger): Promise<Buffer> {
  const digest = entry.text('Sha256')?.trim();
  const plain = await readSecret(entry, 'Key', log);
  if ((digest === undefined) === (plain === undefined)) {
    throw entry.fault('Sha256', 'or a key must be given, and only one of them.', 'printf %s "$KEY" | sha256sum');
  }
  if (digest !== undefined) {
    if (!/^[0-9a-f]{64}$/i.test(digest)) throw entry.fault('Sha256', 'must be 64 hexadecimal digits.');
    return Buffer.from(digest, 'hex');
  }
  if (plain === undefined || plain.length < MIN_KEY_LENGTH) {
    throw entry.fault('Key', `must have ${MIN_KEY_LENGTH} characters at least.`, 'A good one: openssl rand -hex 32.');
  }
  return digestOf(plain);
}

function readIdentity(provider: string, entry: OptionReader): Identity {
  const subject = entry.requiredText('Name', 'It becomes the subject and stands in log lines; it is no secret.');
  const expires = entry.text('Expires');
  const expiresAtMs = expires === undefined ? undefined : Date.parse(expires);
  if (expiresAtMs !== undefined && Number.isNaN(expiresAtMs)) {
    throw entry.fault('Expires', 'must be a date.', 'For example 2027-01-31T00:00:00Z.');
  }
  const claims = claimTexts({ sub: subject, ...entry.object('Claims').options });
  return Object.freeze({ provider, subject, tokenId: undefined, claims, expiresAtMs });
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function lookupKey(digest: Buffer, salt: Buffer): string {
  return createHmac('sha256', salt).update(digest).digest('base64');
}

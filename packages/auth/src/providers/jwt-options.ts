import type { Logger } from '@ocelot/core';

import { readIssuerUrl } from '../keys/issuer-url.js';
import { readSecret } from '../keys/secret-value.js';
import { PUBLIC_ALGORITHMS, SECRET_ALGORITHMS } from '../keys/verification-key.js';
import type { OptionReader } from './option-reader.js';

const KEY_SOURCES = ['Authority', 'JwksUrl', 'KeyFile', 'Secret', 'SecretFile', 'SecretEnv'];

/** Where the keys of a `Jwt` provider come from. */
export type JwtKeys =
  | { readonly kind: 'authority'; readonly url: string }
  | { readonly kind: 'jwks'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'secret';
      readonly secret: Uint8Array;
      /** The file it came from, and how its text is read. @throws Error that does not quote it. */
      readonly file: { readonly path: string; readonly read: (text: string) => Uint8Array } | undefined;
    };

/** Options of a provider of type `Jwt`, read. */
export interface JwtOptions {
  readonly keys: JwtKeys;
  /** Empty: any issuer, or that of the metadata. */
  readonly issuers: readonly string[];
  /** Empty: any audience. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  readonly clockSkewSeconds: number;
  /** `exp` among them unless `RequireExpiry` is off. */
  readonly requiredClaims: readonly string[];
  /** Lower case, without `application/`; empty: any `typ`. */
  readonly tokenTypes: readonly string[];
  readonly subjectClaim: string;
  readonly cacheMs: number;
  readonly coolDownMs: number;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/**
 * Reads the options of a provider of type `Jwt`.
 * @throws ConfigError
 */
export async function readJwtOptions(options: OptionReader, log: Logger): Promise<JwtOptions> {
  const keys = await readKeys(options, log);
  const required = options.texts('RequiredClaims');
  return {
    keys,
    issuers: options.texts('Issuer'),
    audiences: options.texts('Audience'),
    algorithms: readAlgorithms(options, keys),
    clockSkewSeconds: options.number('ClockSkewSeconds', { fallback: 5, minimum: 0, maximum: 3600 }),
    requiredClaims: options.flag('RequireExpiry', true) ? [...required, 'exp'] : required,
    tokenTypes: options.texts('TokenTypes').map(plainType),
    subjectClaim: options.text('SubjectClaim') ?? 'sub',
    cacheMs: 1000 * options.number('JwksCacheSeconds', { fallback: 600, minimum: 1, maximum: 86_400 }),
    coolDownMs: 1000 * options.number('JwksCoolDownSeconds', { fallback: 30, minimum: 1, maximum: 3600 }),
    timeoutMs: options.number('TimeoutMs', { fallback: 5000, minimum: 1, maximum: 60_000 }),
    maxBytes: options.number('MaxDocumentBytes', { fallback: 262_144, minimum: 1024, maximum: 16_777_216 }),
  };
}

/** `typ` as it is compared (RFC 7515 §4.1.9). */
export function plainType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '');
}

async function readKeys(options: OptionReader, log: Logger): Promise<JwtKeys> {
  const given = KEY_SOURCES.filter((key) => options.has(key));
  const [first, second] = given;
  const hint = `Give one of ${KEY_SOURCES.join(', ')}.`;
  if (first === undefined) throw options.fault('Authority', 'is missing: nothing says where the keys are.', hint);
  if (second !== undefined) throw options.fault(second, `stands beside ${first}.`, hint);
  const authority = readIssuerUrl(options, 'Authority');
  if (authority !== undefined) return { kind: 'authority', url: authority };
  const jwks = readIssuerUrl(options, 'JwksUrl');
  if (jwks !== undefined) return { kind: 'jwks', url: jwks };
  const path = options.text('KeyFile');
  if (path !== undefined) return { kind: 'file', path };
  const secret = await readSecret(options, 'Secret', log);
  if (secret === undefined) throw options.fault(first, 'is empty.', hint);
  const read = (text: string): Uint8Array => secretBytes(options, first, text);
  const file = options.text('SecretFile');
  return {
    kind: 'secret',
    secret: read(secret),
    file: file === undefined ? undefined : { path: file, read: (text) => read(text.trim()) },
  };
}

/** A secret is taken as UTF-8, or as base64 or hexadecimal where `SecretEncoding` says so. */
function secretBytes(options: OptionReader, key: string, secret: string): Uint8Array {
  const encoding = options.choice('SecretEncoding', ['utf8', 'base64', 'base64url', 'hex'], 'utf8');
  const bytes = Buffer.from(secret, encoding);
  const minimum = SECRET_ALGORITHMS['HS256'] ?? 0;
  if (bytes.length >= minimum) return bytes;
  throw options.fault(
    key,
    `has ${bytes.length} bytes; HS256 needs ${minimum} at least (RFC 7518 §3.2).`,
    'A good one: openssl rand -base64 48.',
  );
}

function readAlgorithms(options: OptionReader, keys: JwtKeys): readonly string[] {
  const fitting =
    keys.kind === 'secret'
      ? Object.keys(SECRET_ALGORITHMS).filter((name) => keys.secret.length >= (SECRET_ALGORITHMS[name] ?? 0))
      : PUBLIC_ALGORITHMS;
  const written = options.texts('Algorithms');
  written.forEach((algorithm, index) => {
    if (fitting.includes(algorithm)) return;
    throw options.fault(
      `Algorithms/${index}`,
      `holds ${JSON.stringify(algorithm)}, which does not fit the keys.`,
      `With them go ${fitting.join(', ')}.`,
    );
  });
  return written.length === 0 ? fitting : written;
}

import type { JsonObject } from '@ocelot/core';

import { OptionReader } from './option-reader.js';
import type { Provider, ProviderContext, ProviderFactory } from './provider.js';

interface ProviderType {
  readonly type: string;
  /** Keys beside {@link SHARED_KEYS}. */
  readonly keys: string;
  /** Loads what it needs, jose above all, only where a configuration has such a provider. */
  readonly load: () => Promise<ProviderFactory>;
}

const SHARED_KEYS = 'Type Realm ForwardCredentials';
const TOKEN_KEYS = 'In Message MaxTokenBytes';
const CLAIM_KEYS =
  'Issuer Audience RequiredClaims ClockSkewSeconds SubjectClaim TimeoutMs MaxDocumentBytes RequireHttps';

const TYPES: readonly ProviderType[] = [
  {
    type: 'Jwt',
    keys: `${TOKEN_KEYS} ${CLAIM_KEYS} Authority JwksUrl KeyFile Secret SecretFile SecretEnv SecretEncoding Algorithms RequireExpiry TokenTypes JwksCacheSeconds JwksCoolDownSeconds`,
    load: async () => (await import('./jwt-provider.js')).createJwtProvider,
  },
  {
    type: 'Introspection',
    keys: `${TOKEN_KEYS} ${CLAIM_KEYS} Url ClientId ClientSecret ClientSecretFile ClientSecretEnv ClientAuthentication MaxConcurrent CacheSeconds CacheEntries`,
    load: async () => (await import('./introspection-provider.js')).createIntrospectionProvider,
  },
  {
    type: 'Basic',
    keys: 'PasswordFile MaxConcurrent CacheSeconds',
    load: async () => (await import('./basic-provider.js')).createBasicProvider,
  },
  {
    type: 'ApiKey',
    keys: `${TOKEN_KEYS} Keys`,
    load: async () => (await import('./api-key-provider.js')).createApiKeyProvider,
  },
  {
    type: 'Certificate',
    keys: 'Subjects Names Fingerprints Issuers SubjectFrom FromTrustedProxies',
    load: async () => (await import('./certificate-provider.js')).createCertificateProvider,
  },
];

/**
 * Makes the provider that one entry of `GlobalConfiguration.Gateway.Authentication.Providers` describes.
 * @param name Its key there.
 * @param custom Types of the user's own, by name; names are compared without case.
 * @throws ConfigError (as a rejection) with the place of what is wrong; whatever a factory of the user's own throws.
 */
export async function createProvider(
  name: string,
  options: JsonObject,
  context: ProviderContext,
  custom: Readonly<Record<string, ProviderFactory>> = {},
): Promise<Provider> {
  const reader = new OptionReader(options, context.location);
  const names = [...TYPES.map(({ type }) => type), ...Object.keys(custom)];
  const wanted = reader.requiredText('Type', `One of ${names.join(', ')}.`).trim();
  const own = Object.entries(custom).find(([type]) => isSame(type, wanted))?.[1];
  const builtIn = TYPES.find(({ type }) => isSame(type, wanted));
  if (own !== undefined && builtIn !== undefined) {
    throw reader.fault('Type', `${JSON.stringify(wanted)} is built in; a type of your own needs another name.`);
  }
  if (own !== undefined) return own(name, options, context);
  if (builtIn === undefined) {
    const hint = `There are ${names.join(', ')}. Types of your own: auth({ providers: { ${wanted}: … } }).`;
    throw reader.fault('Type', `${JSON.stringify(wanted)} is not known.`, hint);
  }
  warnOfStrangers(builtIn, options, context);
  const create = await builtIn.load();
  return create(name, options, context);
}

function warnOfStrangers({ type, keys }: ProviderType, options: JsonObject, { location, log }: ProviderContext): void {
  const known = new Set(`${SHARED_KEYS} ${keys}`.split(' '));
  for (const key of Object.keys(options).filter((key) => !known.has(key))) {
    log.warn({ source: `${location}/${key}` }, `Nothing reads this key in a provider of type ${type}.`);
  }
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

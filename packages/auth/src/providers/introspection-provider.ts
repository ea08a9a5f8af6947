import type { Identity, JsonObject } from '@ocelot/core';

import { readIssuerUrl } from '../keys/issuer-url.js';
import { readSecret } from '../keys/secret-value.js';
import { WatchedFile } from '../keys/watched-file.js';
import { AuthFailure } from './auth-failure.js';
import { IntrospectionClient } from './introspection-client.js';
import { OptionReader } from './option-reader.js';
import type { Provider, ProviderContext, ProviderFactory } from './provider.js';
import { claimTexts, timeOf, tokenIdentity } from './token-identity.js';
import { tokenProvider } from './token-provider.js';

/** Makes a provider of type `Introspection` (RFC 7662): opaque tokens that their issuer is asked about. */
export const createIntrospectionProvider: ProviderFactory = async (name, options, context): Promise<Provider> => {
  const reader = new OptionReader(options, context.location);
  const client = await openClient(reader, context);
  const rules = readRules(reader, name, context.wallNowMs);
  return tokenProvider({
    name,
    options,
    context,
    verify: (token, verification) => {
      const answer = client.ask(token, verification);
      return answer instanceof Promise ? answer.then((late) => judge(late, rules)) : judge(answer, rules);
    },
    close: () => client.close(),
  });
};

async function openClient(reader: OptionReader, context: ProviderContext): Promise<IntrospectionClient> {
  const url = readIssuerUrl(reader, 'Url');
  if (url === undefined) throw reader.fault('Url', 'is missing.', 'It is the introspection endpoint of the issuer.');
  const clientId = reader.requiredText('ClientId', 'The endpoint answers known clients only (RFC 7662 §2.1).');
  const secret = await readSecret(reader, 'ClientSecret', context.log);
  if (secret === undefined) {
    throw reader.fault('ClientSecret', 'is missing.', 'Give ClientSecretFile or ClientSecretEnv.');
  }
  const { clock, wallNowMs, log } = context;
  const path = reader.text('ClientSecretFile');
  const file = path === undefined ? undefined : await WatchedFile.open({ path, parse: notEmpty, clock, log });
  return new IntrospectionClient({
    url,
    clientId,
    clientSecret: () => file?.current() ?? secret,
    clock,
    wallNowMs,
    log,
    record: (event) => context.record(event),
    authentication: reader.choice('ClientAuthentication', ['basic', 'post'], 'basic'),
    timeoutMs: reader.number('TimeoutMs', { fallback: 5000, minimum: 1, maximum: 60_000 }),
    maxBytes: reader.number('MaxDocumentBytes', { fallback: 262_144, minimum: 1024, maximum: 16_777_216 }),
    maxConcurrent: reader.number('MaxConcurrent', { fallback: 50, minimum: 1, maximum: 10_000 }),
    cacheMs: 1000 * reader.number('CacheSeconds', { fallback: 60, minimum: 0, maximum: 86_400 }),
    cacheEntries: reader.number('CacheEntries', { fallback: 10_000, minimum: 0, maximum: 1_000_000 }),
  });
}

function notEmpty(text: string): string {
  const secret = text.trim();
  if (secret === '') throw new Error('The file is empty.');
  return secret;
}

interface Rules {
  readonly provider: string;
  readonly subjectClaim: string;
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly requiredClaims: readonly string[];
  readonly skewMs: number;
  readonly wallNowMs: () => number;
}

function readRules(reader: OptionReader, provider: string, wallNowMs: () => number): Rules {
  return {
    provider,
    wallNowMs,
    subjectClaim: reader.text('SubjectClaim') ?? 'sub',
    issuers: reader.texts('Issuer'),
    audiences: reader.texts('Audience'),
    requiredClaims: reader.texts('RequiredClaims'),
    skewMs: 1000 * reader.number('ClockSkewSeconds', { fallback: 5, minimum: 0, maximum: 3600 }),
  };
}

/** An endpoint should say of an expired token that it is not active (RFC 7662 §2.2); whoever trusts that alone is late. */
function judge(answer: JsonObject, rules: Rules): Identity {
  const { issuers, audiences, requiredClaims, skewMs } = rules;
  const now = rules.wallNowMs();
  if ((timeOf(answer, 'exp') ?? Number.POSITIVE_INFINITY) + skewMs <= now) {
    throw new AuthFailure('expired', 'The token has expired.');
  }
  if ((timeOf(answer, 'nbf') ?? Number.NEGATIVE_INFINITY) - skewMs > now) {
    throw new AuthFailure('not-yet-valid', 'The token is not valid yet.');
  }
  const { active: _, ...claims } = answer;
  const texts = claimTexts(claims);
  if (issuers.length > 0 && !issuers.includes(texts['iss']?.[0] ?? '')) {
    throw new AuthFailure('issuer', 'The token is of another issuer.');
  }
  if (audiences.length > 0 && !(texts['aud'] ?? []).some((audience) => audiences.includes(audience))) {
    throw new AuthFailure('audience', 'The token is meant for somebody else.');
  }
  if (requiredClaims.some((claim) => texts[claim] === undefined)) {
    throw new AuthFailure('claim-missing', 'The token lacks a claim.');
  }
  return tokenIdentity(claims, rules);
}

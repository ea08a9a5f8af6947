import type { ClientCertificate, Identity } from '@ocelot/core';

import { type CertificateRules, isAllowed, readCertificateRules } from '../credentials/certificate-rules.js';
import { createCertificateSource } from '../credentials/certificate-source.js';
import { distinguishedName } from '../credentials/distinguished-name.js';
import { AuthFailure } from './auth-failure.js';
import { challenge } from './challenge.js';
import { OptionReader } from './option-reader.js';
import type { Provider, ProviderFactory } from './provider.js';
import { claimTexts } from './token-identity.js';

const SUBJECT_FROM = ['subject', 'CN', 'DNS', 'URI', 'email', 'fingerprint'] as const;

/** Makes a provider of type `Certificate`: what the client proved to be when it connected (mTLS). */
export const createCertificateProvider: ProviderFactory = (name, options, context): Provider => {
  const reader = new OptionReader(options, context.location);
  const rules = readCertificateRules(reader);
  const subjectFrom = reader.choice('SubjectFrom', SUBJECT_FROM, 'subject');
  const source = createCertificateSource(reader.flag('FromTrustedProxies', false), context.trustedProxies);
  const realm = reader.text('Realm') ?? name;
  const known = new WeakMap<ClientCertificate, Identity>();
  return {
    name,
    find: (exchange) => source.find(exchange),
    // There is no scheme for it; RFC 9110 §11.6.1 wants a challenge with every 401.
    challenge: () => challenge('Certificate', { realm }),
    verify: (credentials) => {
      if (credentials.kind !== 'certificate') {
        throw new AuthFailure('malformed', 'These are no credentials for this provider.');
      }
      const { certificate } = credentials;
      // A connection keeps its certificate for all its requests.
      const before = known.get(certificate);
      if (before !== undefined) return before;
      const identity = identify(name, certificate, rules, subjectFrom);
      known.set(certificate, identity);
      return identity;
    },
  };
};

function identify(
  provider: string,
  certificate: ClientCertificate,
  rules: CertificateRules,
  subjectFrom: (typeof SUBJECT_FROM)[number],
): Identity {
  if (!isAllowed(certificate, rules)) throw new AuthFailure('certificate', 'The certificate is not on the list.');
  const { subject, issuer, names, serialNumber, fingerprint256: fingerprint } = certificate;
  const claims = claimTexts({
    ...distinguishedName(subject),
    ...namesByKind(names),
    subject,
    issuer,
    serialNumber,
    fingerprint,
  });
  const named = claims[subjectFrom]?.[0];
  if (named === undefined || named === '') {
    throw new AuthFailure('certificate', 'The certificate does not name its subject in the way that is asked for.');
  }
  return Object.freeze({ provider, subject: named, tokenId: fingerprint, claims, expiresAtMs: undefined });
}

/** `DNS:a`, `DNS:b`, `URI:c` → `DNS: [a, b]`, `URI: [c]`. */
function namesByKind(names: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const kinds = Object.create(null) as Record<string, string[]>;
  for (const name of names) {
    const at = name.indexOf(':');
    if (at > 0) (kinds[name.slice(0, at)] ??= []).push(name.slice(at + 1));
  }
  return kinds;
}

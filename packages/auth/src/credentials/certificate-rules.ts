import type { ClientCertificate } from '@ocelot/core';

import type { OptionReader } from '../providers/option-reader.js';

/** Which certificates are accepted, of those that the gateway's authorities signed. */
export interface CertificateRules {
  /** One of them must hold; empty: any certificate. */
  readonly anyOf: readonly ((certificate: ClientCertificate) => boolean)[];
  /** One of them must hold as well; empty: any authority. */
  readonly issuers: readonly RegExp[];
}

/** What a `*` stands for, so that it never reaches over into another part of a name. */
const PART_OF_SUBJECT = String.raw`(?:\\.|[^\\,+])*`;
const PART_OF_NAME: Readonly<Record<string, string>> = { DNS: '[^.]*', URI: '[^/]*', email: '[^@]*' };

/**
 * Reads `Subjects`, `Names`, `Fingerprints` and `Issuers`.
 * @throws ConfigError
 */
export function readCertificateRules(reader: OptionReader): CertificateRules {
  const subjects = reader.texts('Subjects').map((pattern) => compile(pattern, PART_OF_SUBJECT, ''));
  const names = reader.texts('Names').map((pattern, index) => nameRule(reader, pattern, index));
  const fingerprints = reader.texts('Fingerprints').map((text, index) => {
    const digits = text.replaceAll(':', '').toUpperCase();
    if (!/^[0-9A-F]{64}$/.test(digits))
      throw reader.fault(`Fingerprints/${index}`, 'must hold SHA-256 in hexadecimal.');
    return digits;
  });
  return {
    anyOf: [
      ...subjects.map((rule) => (certificate: ClientCertificate) => rule.test(certificate.subject)),
      ...names.map((rule) => (certificate: ClientCertificate) => certificate.names.some((name) => rule.test(name))),
      ...fingerprints.map(
        (digits) => (certificate: ClientCertificate) =>
          certificate.fingerprint256.replaceAll(':', '').toUpperCase() === digits,
      ),
    ],
    issuers: reader.texts('Issuers').map((pattern) => compile(pattern, PART_OF_SUBJECT, '')),
  };
}

/** Whether the rules let a certificate pass. */
export function isAllowed(certificate: ClientCertificate, { anyOf, issuers }: CertificateRules): boolean {
  if (issuers.length > 0 && !issuers.some((issuer) => issuer.test(certificate.issuer))) return false;
  return anyOf.length === 0 || anyOf.some((rule) => rule(certificate));
}

function nameRule(reader: OptionReader, pattern: string, index: number): RegExp {
  const kind = /^(DNS|URI|email|IP Address):/i.exec(pattern)?.[1];
  if (kind === undefined) {
    throw reader.fault(`Names/${index}`, 'must begin with its kind.', 'For example DNS:*.devices.example.com.');
  }
  const canonical = Object.keys(PART_OF_NAME).find((known) => known.toLowerCase() === kind.toLowerCase());
  return compile(pattern, PART_OF_NAME[canonical ?? ''] ?? '[^:.]*', canonical === 'DNS' ? 'i' : '');
}

function compile(pattern: string, star: string, flags: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(star)}$`, `s${flags}`);
}

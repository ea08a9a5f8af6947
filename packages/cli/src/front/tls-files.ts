import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

import type { CertificateFiles } from '@ocelot/core';
import { assertAuthorities } from '@ocelot/relay-kit';

import { type TlsFileKey, TlsProblem } from './tls-problem.js';

/** A certificate chain and its private key, read and found to belong together. */
export interface CertificatePair {
  /** PEM, the own certificate first. */
  readonly cert: string;
  readonly key: string;
  /** DNS names it holds (subject alternative names; without any, the common name), in lower case. */
  readonly names: readonly string[];
  readonly validTo: Date;
}

/** @throws TlsProblem */
export async function readCertificatePair({ certFile, keyFile }: CertificateFiles): Promise<CertificatePair> {
  const cert = await read('CertFile', certFile);
  const certificate = parseCertificate('CertFile', certFile, cert);
  const key = await read('KeyFile', keyFile);
  if (!certificate.checkPrivateKey(parseKey(keyFile, key)))
    throw new TlsProblem(
      'KeyFile',
      `${keyFile} is not the key of the certificate in ${certFile}.`,
      'The first certificate of CertFile must be the own one; authorities between follow it.',
    );
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new TlsProblem('CertFile', `${certFile} cannot be used: ${messageOf(error)}.`, undefined, error);
  }
  return { cert, key, names: namesOf(certificate), validTo: new Date(certificate.validTo) };
}

/**
 * Reads a file of authorities.
 * @returns its PEM text.
 * @throws TlsProblem
 */
export async function readAuthorities(caFile: string): Promise<string> {
  const ca = await read('CaFile', caFile);
  parseCertificate('CaFile', caFile, ca);
  try {
    assertAuthorities(ca, caFile);
  } catch (error) {
    throw new TlsProblem('CaFile', `${messageOf(error)}.`, 'Write the file anew, whole.', error);
  }
  return ca;
}

async function read(key: TlsFileKey, file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const why = READ_FAILURES[code] ?? messageOf(error);
    throw new TlsProblem(key, `${file} cannot be read: ${why}.`, READ_HINT, error);
  }
}

const READ_HINT = 'Relative paths start from the working directory.';

const READ_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist (ENOENT)',
  EACCES: 'this user may not read it (EACCES)',
  EPERM: 'this user may not read it (EPERM)',
  EISDIR: 'it is a folder (EISDIR)',
};

function parseCertificate(key: TlsFileKey, file: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new TlsProblem(
      key,
      `${file} holds no certificate in PEM form.`,
      'It begins with -----BEGIN CERTIFICATE-----. A .pfx or .p12 file is converted with: openssl pkcs12 -in FILE -nodes',
      error,
    );
  }
}

function parseKey(file: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    // There is no place for a passphrase that would be better kept than the key itself.
    if (/BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type:.*ENCRYPTED/m.test(text))
      throw new TlsProblem(
        'KeyFile',
        `${file} is encrypted.`,
        'Write it without a passphrase (openssl pkey -in FILE -out NEW) and protect it by its rights.',
        error,
      );
    throw new TlsProblem(
      'KeyFile',
      `${file} holds no private key in PEM form.`,
      'It begins with -----BEGIN PRIVATE KEY-----.',
      error,
    );
  }
}

/** RFC 9525 §6.3: names of the alternative-name extension; the common name only where there is none. */
function namesOf({ subjectAltName, subject }: X509Certificate): readonly string[] {
  const alternative = [...(subjectAltName ?? '').matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name = '']) => name);
  const common = /^CN=(.+)$/m.exec(subject)?.[1];
  const names = alternative.length > 0 || common === undefined ? alternative : [common];
  return names.map((name) => name.toLowerCase());
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

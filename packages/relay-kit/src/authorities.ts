import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

const CERTIFICATE = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]*-----END \1-----/g;
const BEGINNING = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/**
 * Reads a file of authorities for `tls.createSecureContext`, for whoever trusts it.
 * @throws Error naming the file when it cannot be read, and those of {@link assertAuthorities}.
 */
export function readAuthorities(file: string): string {
  const text = readFileSync(file, 'latin1');
  assertAuthorities(text, file);
  return text;
}

/**
 * Checks what was read of a file of authorities. OpenSSL skips what it cannot read: of a file that is half written, or
 * of another kind, it would trust less than was asked for, or nobody, and not say so.
 * @throws Error naming the file when it holds no certificate, or one that is damaged.
 */
export function assertAuthorities(text: string, file: string): void {
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new Error(`${file} holds no certificate in PEM`);
  if (certificates.length !== (text.match(BEGINNING) ?? []).length)
    throw new Error(`${file} ends inside a certificate`);
  for (const [index, certificate] of certificates.entries()) {
    try {
      void new X509Certificate(certificate);
    } catch (cause) {
      throw new Error(`certificate ${index + 1} of ${file} is damaged`, { cause });
    }
  }
}

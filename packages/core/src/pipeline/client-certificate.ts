import type { OutgoingHeaders } from '../contracts/exchange.js';
import type { ClientCertificate, GatewayRequest } from '../contracts/request.js';
import type { ClientIdentity } from './client-address.js';

/**
 * Tells the backend what the client proved to be (mTLS): `X-Client-Cert-Subject`, `-Issuer`, `-Names`, `-Serial` and
 * `-Fingerprint`, each only when the certificate has it.
 *
 * Whatever a client sends under `X-Client-Cert-*` is removed first, also where no certificate is asked for: a backend
 * that looks at these headers believes them. Only a trusted proxy may send them, since it ended the client's TLS itself;
 * what it sent is kept, and its own certificate is not written, for that names the proxy.
 *
 * `Gateway.ForwardedHeaders` does not switch this off: that tells about addresses, this about identity, and a gateway
 * that asks for certificates was told to by name. Spellings with `_` are gone already ({@link createOutgoingHead}).
 */
export function applyClientCertificate(
  headers: OutgoingHeaders,
  { client: { certificate } }: GatewayRequest,
  { isPeerTrusted }: ClientIdentity,
): void {
  if (isPeerTrusted) return;
  removeClaims(headers);
  if (certificate === undefined) return;
  for (const { name, value } of linesOf(certificate)) headers.set(name, value);
}

const CLAIM = /^x-client-cert-/i;

/** Runs for every request, and finds nothing in almost all of them. */
function removeClaims(headers: OutgoingHeaders): void {
  const { raw } = headers;
  for (let index = raw.length - 2; index >= 0; index -= 2) {
    const name = raw[index];
    if (name !== undefined && CLAIM.test(name)) headers.delete(name);
  }
}

interface Line {
  readonly name: string;
  readonly value: string;
}

/** A connection keeps its certificate for all its requests. */
const WRITTEN = new WeakMap<ClientCertificate, readonly Line[]>();

function linesOf(certificate: ClientCertificate): readonly Line[] {
  const known = WRITTEN.get(certificate);
  if (known !== undefined) return known;
  const { subject, issuer, names, serialNumber, fingerprint256 } = certificate;
  const lines = [
    { name: 'X-Client-Cert-Subject', value: escapeText(subject) },
    { name: 'X-Client-Cert-Issuer', value: escapeText(issuer) },
    { name: 'X-Client-Cert-Names', value: names.map(escapeName).join(', ') },
    { name: 'X-Client-Cert-Serial', value: escapeText(serialNumber) },
    { name: 'X-Client-Cert-Fingerprint', value: escapeText(fingerprint256) },
  ].filter(({ value }) => value !== '');
  WRITTEN.set(certificate, lines);
  return lines;
}

/**
 * `%`, controls and everything outside ASCII as percent-encoded UTF-8, so that any subject is a legal header value and
 * decoding (RFC 3986 §2.1) gives it back; all else stays readable.
 */
function escapeText(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd').replace(/[^\x20-\x24\x26-\x7e]+/g, encodeURIComponent);
}

/** Names are listed with commas, so one inside of a name is escaped as well. */
function escapeName(name: string): string {
  return escapeText(name).replaceAll(',', '%2C');
}

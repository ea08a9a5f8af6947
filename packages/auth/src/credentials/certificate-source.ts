import { type ClientCertificate, compileTrustedPeers, type GatewayRequest } from '@ocelot/core';

import { AuthFailure } from '../providers/auth-failure.js';
import type { CredentialSource } from '../providers/provider.js';
import { severalCredentials } from './token-source.js';

const HEADERS = ['Subject', 'Issuer', 'Names', 'Serial', 'Fingerprint'].map((part) =>
  `x-client-cert-${part}`.toLowerCase(),
);

/**
 * Finds the certificate of a client: the one of its connection. A peer in `TrustedProxies` ended the client's TLS
 * itself, so its own certificate names the proxy and is never the client's; what such a proxy says in `X-Client-Cert-*`
 * counts where that is asked for, and from nobody else.
 */
export function createCertificateSource(fromProxies: boolean, trustedProxies: readonly string[]): CredentialSource {
  const isTrusted = compileTrustedPeers(trustedProxies);
  return {
    find: ({ request }) => {
      const isProxy = isTrusted(request.client.address);
      if (isProxy && !fromProxies) return undefined;
      const certificate = isProxy ? announced(request) : request.client.certificate;
      return certificate === undefined
        ? undefined
        : { kind: 'certificate', certificate, place: isProxy ? 'header:X-Client-Cert-*' : 'connection' };
    },
  };
}

function announced(request: GatewayRequest): ClientCertificate | undefined {
  const [subject = '', issuer = '', names = '', serialNumber = '', fingerprint = ''] = HEADERS.map((header) =>
    single(request, header),
  );
  if (subject === '' && names === '') return undefined;
  return {
    subject: decode(subject),
    issuer: decode(issuer),
    names: names === '' ? [] : names.split(',').map((name) => decode(name.trim())),
    serialNumber: decode(serialNumber),
    fingerprint256: decode(fingerprint),
  };
}

/** Two lines are two clients: one of them was not written by the proxy. */
function single({ rawHeaders }: GatewayRequest, header: string): string | undefined {
  let found: string | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== header) continue;
    if (found !== undefined) throw severalCredentials();
    found = (rawHeaders[index + 1] ?? '').trim();
  }
  return found;
}

/** Core writes these headers percent-encoded (UTF-8). */
function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new AuthFailure('malformed', 'The headers about the certificate cannot be read.', {
      error: 'invalid_request',
    });
  }
}

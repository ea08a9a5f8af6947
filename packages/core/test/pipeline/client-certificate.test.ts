import { describe, expect, it } from 'vitest';

import type { ClientCertificate } from '../../src/index.js';
import { applyClientCertificate } from '../../src/pipeline/client-certificate.js';
import { createOutgoingHead } from '../../src/pipeline/outgoing-head.js';
import { createGatewayRequest } from '../../src/routing/gateway-request.js';

const CERTIFICATE: ClientCertificate = {
  subject: 'CN=device-7,O=Example',
  issuer: 'CN=Example CA',
  names: ['DNS:device-7.example.com', 'URI:spiffe://example.com/device-7'],
  serialNumber: '0A1B',
  fingerprint256: 'AB:CD',
};

/** The headers for the backend of a client with this certificate that sent these headers. */
const sent = (
  certificate: Partial<ClientCertificate> | undefined,
  rawHeaders: readonly string[] = [],
  isPeerTrusted = false,
): readonly string[] => {
  const request = createGatewayRequest({
    kind: 'upgrade',
    method: 'GET',
    target: '/',
    rawHeaders: ['Host', 'a', ...rawHeaders],
    client: {
      address: '192.0.2.1',
      port: 1,
      tls: true,
      ...(certificate === undefined ? {} : { certificate: { ...CERTIFICATE, ...certificate } }),
    },
  });
  const { headers } = createOutgoingHead(request, { path: '/', query: '' });
  applyClientCertificate(headers, request, { address: '192.0.2.1', proto: 'https', host: 'a', isPeerTrusted });
  return headers.raw;
};

describe('applyClientCertificate', () => {
  it('tells the backend what the client proved to be (RFC 8446 §4.3.2)', () => {
    expect(sent({})).toEqual([
      'X-Client-Cert-Subject',
      'CN=device-7,O=Example',
      'X-Client-Cert-Issuer',
      'CN=Example CA',
      'X-Client-Cert-Names',
      'DNS:device-7.example.com, URI:spiffe://example.com/device-7',
      'X-Client-Cert-Serial',
      '0A1B',
      'X-Client-Cert-Fingerprint',
      'AB:CD',
    ]);
  });

  it('leaves out what the certificate does not have', () => {
    expect(sent({ subject: '', names: [] })).toEqual([
      'X-Client-Cert-Issuer',
      'CN=Example CA',
      'X-Client-Cert-Serial',
      '0A1B',
      'X-Client-Cert-Fingerprint',
      'AB:CD',
    ]);
  });

  // A client without a certificate, or with one of its own, calls itself somebody else.
  const forged = [
    'X-Client-Cert-Subject',
    'CN=admin',
    'x-client-cert-SUBJECT',
    'CN=admin',
    'X_Client_Cert_Subject',
    'CN=admin',
    'X-Client-Cert-Roles',
    'admin',
    'X-A',
    '1',
  ];

  it('removes what a client says of itself under these names, in any spelling (S13, CVE-2025-64484)', () => {
    expect(sent(undefined, forged)).toEqual(['X-A', '1']);
    expect(sent({}, forged).join()).not.toContain('admin');
  });

  it('cannot be stripped by a client that names the headers in Connection (S12)', () => {
    expect(sent({}, ['Connection', 'X-Client-Cert-Subject, Upgrade'])).toContain('CN=device-7,O=Example');
  });

  it('keeps what a trusted proxy says, whose own certificate names the proxy and not the client', () => {
    const said = ['X-Client-Cert-Subject', 'CN=device-9'];
    expect(sent({}, said, true)).toEqual(said);
    expect(sent(undefined, said, true)).toEqual(said);
    expect(sent(undefined, ['X_Client_Cert_Subject', 'CN=admin'], true)).toEqual([]);
  });

  it.each([
    ['CN=Zoë', 'CN=Zo%C3%AB'],
    ['CN=漢字', 'CN=%E6%BC%A2%E5%AD%97'],
    ['CN=a\r\nX: b', 'CN=a%0D%0AX: b'],
    ['CN=100%', 'CN=100%25'],
    ['CN=\ud800', 'CN=%EF%BF%BD'],
  ])('writes the subject %j so that it is a legal value and can be decoded', (subject, written) => {
    expect(sent({ subject })[1]).toBe(written);
  });

  it('escapes a comma inside of a name, since commas stand between names', () => {
    expect(sent({ names: ['URI:a,b', 'DNS:c'] })[5]).toBe('URI:a%2Cb, DNS:c');
  });
});

import { X509Certificate, createPrivateKey } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { TestAuthority } from '../src/test-authority.js';

describe('TestAuthority', () => {
  it('signs certificates that hold the names asked for (RFC 5280 §4.2.1.6)', () => {
    const authority = new TestAuthority('Example CA');
    const { cert, key } = authority.issue({ names: ['api.example.com', '127.0.0.1', 'spiffe://example/api'] });
    const certificate = new X509Certificate(cert);
    const ca = new X509Certificate(authority.cert);
    expect(certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.checkIssued(ca)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate).toMatchObject({
      subject: 'CN=api.example.com',
      issuer: 'CN=Example CA',
      subjectAltName: 'DNS:api.example.com, IP Address:127.0.0.1, URI:spiffe://example/api',
      ca: false,
    });
    expect(ca.ca).toBe(true);
  });

  it('lets certificates expire', () => {
    const { cert } = new TestAuthority().issue({ commonName: 'old', validTo: new Date(Date.UTC(2024, 1, 29)) });
    expect(new X509Certificate(cert).validTo).toBe('Feb 29 00:00:00 2024 GMT');
  });
});

import { describe, expect, it } from 'vitest';

import { fileWith, findings } from '../file-with.js';

describe('Gateway.BackendTls', () => {
  it.each<[string, object, object, readonly string[]]>([
    ['a certificate with its key', { CertFile: 'a', KeyFile: 'b' }, {}, []],
    ['half a certificate', { CertFile: 'a' }, {}, ['error HalfCertificate /Routes/0/Gateway/BackendTls/CertFile']],
    [
      'half a certificate, the other half elsewhere',
      { CertFile: 'a' },
      { KeyFile: 'b' },
      [
        'error HalfCertificate /GlobalConfiguration/Gateway/BackendTls/KeyFile',
        'error HalfCertificate /Routes/0/Gateway/BackendTls/CertFile',
      ],
    ],
    ['authorities alone', { CaFile: 'ca.pem' }, {}, []],
  ])('with %s: %j over %j', (_, own, global, expected) => {
    const file = fileWith(
      { DownstreamScheme: 'wss', Gateway: { BackendTls: own } },
      { Gateway: { BackendTls: global } },
    );
    expect(findings(file)).toEqual(expected);
  });

  it.each<[string | null, readonly string[]]>([
    ['ws', ['warning BackendTlsUnused /Routes/0/Gateway/BackendTls']],
    ['HTTP', ['warning BackendTlsUnused /Routes/0/Gateway/BackendTls']],
    ['wss', []],
    ['https', []],
    [null, []],
  ])('on a route that speaks %s', (scheme, expected) => {
    const keys = { DownstreamScheme: scheme, Gateway: { BackendTls: { CaFile: 'ca.pem' } } };
    expect(findings(fileWith(keys))).toEqual(expected);
  });

  it('says nothing of an empty section, nor of a global one beside plain routes', () => {
    expect(findings(fileWith({ Gateway: { BackendTls: { CaFile: '' } } }))).toEqual([]);
    expect(findings(fileWith({}, { Gateway: { BackendTls: { CaFile: 'ca.pem' } } }))).toEqual([]);
  });
});

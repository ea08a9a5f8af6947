import { describe, expect, it } from 'vitest';

import { fileWith, findings } from '../file-with.js';

const PLACE = '/GlobalConfiguration/Gateway';
const pair = { CertFile: 'a.pem', KeyFile: 'a.key' };

describe('Gateway.Tls', () => {
  it.each<[string, object, readonly string[]]>([
    ['a certificate with its key', pair, []],
    ['further certificates alone', { Certificates: [pair] }, []],
    ['nothing in use, which is off', { CertFile: '', Certificates: [], CaFile: null, MinVersion: 'TLSv1.2' }, []],
    ['a certificate without its key', { CertFile: 'a.pem' }, [`error HalfCertificate ${PLACE}/Tls/CertFile`]],
    ['a key without its certificate', { KeyFile: 'a.key' }, [`error HalfCertificate ${PLACE}/Tls/KeyFile`]],
    [
      'half of a further certificate',
      { ...pair, Certificates: [pair, { CertFile: 'b.pem', KeyFile: ' ' }] },
      [`error HalfCertificate ${PLACE}/Tls/Certificates/1/CertFile`],
    ],
    [
      'demands on clients without a certificate, which would leave them in plain text',
      { RequireClientCert: true, CaFile: 'ca.pem' },
      [`error TlsWithoutCertificate ${PLACE}/Tls/CaFile`],
    ],
    [
      'a version without a certificate',
      { MinVersion: 'TLSv1.3' },
      [`error TlsWithoutCertificate ${PLACE}/Tls/MinVersion`],
    ],
    [
      'client certificates of any authority',
      { ...pair, RequestClientCert: true },
      [`warning ClientCertificatesOfAnyone ${PLACE}/Tls/RequestClientCert`],
    ],
    [
      'client certificates of any authority, demanded',
      { ...pair, RequestClientCert: true, RequireClientCert: true },
      [`warning ClientCertificatesOfAnyone ${PLACE}/Tls/RequireClientCert`],
    ],
    ['client certificates of an own authority', { ...pair, RequireClientCert: true, CaFile: 'ca.pem' }, []],
    [
      'authorities for certificates that nobody is asked for',
      { ...pair, CaFile: 'ca.pem' },
      [`warning CaFileUnused ${PLACE}/Tls/CaFile`],
    ],
  ])('with %s: %j', (_, tls, expected) => {
    expect(findings(fileWith({}, { Gateway: { Tls: tls } }))).toEqual(expected);
  });

  it.each<[object, readonly string[]]>([
    [{ Http2: true }, [`warning Http2WithoutTls ${PLACE}/Http2`]],
    [{ Http2: true, Tls: pair }, []],
    [{ Http2: false }, []],
    [{ Http2: false, Tls: pair }, []],
  ])('is what HTTP/2 needs: %j', (gateway, expected) => {
    expect(findings(fileWith({}, { Gateway: gateway }))).toEqual(expected);
  });
});

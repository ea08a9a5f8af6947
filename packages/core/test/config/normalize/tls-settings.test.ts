import { describe, expect, it } from 'vitest';

import { readConfiguration } from '../../../src/index.js';
import { fileWith } from '../file-with.js';

describe('TLS towards clients', () => {
  const read = (tls: object, more: object = {}) =>
    readConfiguration(fileWith({}, { Gateway: { Tls: tls, ...more } })).settings.tls;
  const pair = { CertFile: 'c', KeyFile: 'k' };

  it('is off without a certificate', () => {
    expect(read({})).toBeUndefined();
    expect(read({ Certificates: [] })).toBeUndefined();
  });

  it('has every certificate in order, and its defaults', () => {
    expect(read({ ...pair, Certificates: [{ CertFile: 'c2', KeyFile: 'k2' }] })).toEqual({
      certificates: [
        { certFile: 'c', keyFile: 'k' },
        { certFile: 'c2', keyFile: 'k2' },
      ],
      caFile: undefined,
      clientCertificates: 'off',
      minVersion: 'TLSv1.2',
      http2: true,
    });
  });

  it.each<[object, object]>([
    [
      { RequestClientCert: true, CaFile: 'ca' },
      { clientCertificates: 'optional', caFile: 'ca' },
    ],
    [{ RequestClientCert: true, RequireClientCert: true }, { clientCertificates: 'required' }],
    [{ MinVersion: 'tlsv1.3' }, { minVersion: 'TLSv1.3' }],
  ])('%j is %j', (keys, expected) => {
    expect(read({ ...pair, ...keys })).toMatchObject(expected);
  });

  it('comes without HTTP/2 when that is switched off', () => {
    expect(read(pair, { Http2: false })?.http2).toBe(false);
  });
});

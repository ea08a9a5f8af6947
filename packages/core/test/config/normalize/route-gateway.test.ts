import { describe, expect, it } from 'vitest';

import { readRoute } from '../file-with.js';

describe('TLS towards the backends of a route', () => {
  it('takes certificate and key from one level, authorities and name each from the nearer one', () => {
    const global = { CaFile: 'ca', CertFile: 'c', KeyFile: 'k', ServerName: 's' };
    const read = (own: object) =>
      readRoute({ DownstreamScheme: 'wss', Gateway: { BackendTls: own } }, { Gateway: { BackendTls: global } })
        .backendTls;
    expect(read({})).toEqual({ caFile: 'ca', certFile: 'c', keyFile: 'k', serverName: 's' });
    expect(read({ CertFile: 'c2', KeyFile: 'k2', ServerName: ' ' })).toEqual({
      caFile: 'ca',
      certFile: 'c2',
      keyFile: 'k2',
      serverName: 's',
    });
  });
});

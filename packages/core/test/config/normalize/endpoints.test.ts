import { describe, expect, it } from 'vitest';

import { readRoute } from '../file-with.js';

describe('a Unix-domain socket', () => {
  it('is an endpoint by its path, without a port', () => {
    const { source } = readRoute({ DownstreamHostAndPorts: [{ Host: ' unix:/run/App.sock ', Port: 5 }] });
    expect(source).toMatchObject({ endpoints: [{ host: 'unix:/run/App.sock', port: 0 }] });
  });
});

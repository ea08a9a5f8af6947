import { expect, it } from 'vitest';

import { endpointName } from '../../src/metrics/endpoint-name.js';

it('calls an endpoint by host and port, IPv6 in brackets, the path of a socket alone', () => {
  expect(endpointName({ host: 'shop.internal', port: 80 })).toBe('shop.internal:80');
  expect(endpointName({ host: '::1', port: 8080 })).toBe('[::1]:8080');
  expect(endpointName({ host: 'unix:/run/shop.sock', port: 0 })).toBe('unix:/run/shop.sock');
});

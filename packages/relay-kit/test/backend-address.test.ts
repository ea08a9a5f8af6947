import { createEndpoint } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { hostHeader } from '../src/backend-address.js';

describe('hostHeader (RFC 9110 §7.2)', () => {
  it.each<[string, number, boolean, string]>([
    ['chat.internal', 8080, false, 'chat.internal:8080'],
    ['chat.internal', 80, false, 'chat.internal'],
    ['chat.internal', 443, true, 'chat.internal'],
    ['chat.internal', 443, false, 'chat.internal:443'],
    ['chat.internal', 80, true, 'chat.internal:80'],
    ['2001:db8::1', 8080, false, '[2001:db8::1]:8080'],
    ['::1', 443, true, '[::1]'],
  ])('%s:%i, TLS %s → %s', (host, port, tls, expected) => {
    expect(hostHeader(createEndpoint({ host, port }), tls)).toBe(expected);
  });
});

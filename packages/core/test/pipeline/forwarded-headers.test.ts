import { describe, expect, it } from 'vitest';

import type { ForwardedHeaders } from '../../src/index.js';
import { resolveClientAddress } from '../../src/pipeline/client-address.js';
import { applyForwardedHeaders } from '../../src/pipeline/forwarded-headers.js';
import { compileIpSet } from '../../src/pipeline/ip-ranges.js';
import { createOutgoingHead } from '../../src/pipeline/outgoing-head.js';
import { createGatewayRequest } from '../../src/routing/gateway-request.js';

const isTrusted = compileIpSet(['10.0.0.0/8']);

const sent = (mode: ForwardedHeaders, rawHeaders: readonly string[], address = '192.0.2.1', tls = false) => {
  const request = createGatewayRequest({
    kind: 'upgrade',
    method: 'GET',
    target: '/',
    rawHeaders: ['Host', 'Gateway.test:5000', ...rawHeaders],
    client: { address, port: 1, tls },
  });
  const { headers } = createOutgoingHead(request, { path: '/', query: '' });
  applyForwardedHeaders(mode, headers, request, resolveClientAddress(request, isTrusted));
  const lines = headers.raw.flatMap((name, index) => (index % 2 === 0 ? [[name, headers.raw[index + 1]]] : []));
  return Object.fromEntries(lines) as Record<string, string>;
};

const SPOOFED = [
  'X-Forwarded-For',
  '1.1.1.1',
  'x-forwarded-proto',
  'https',
  'X-FORWARDED-PREFIX',
  '/x',
  'Forwarded',
  'for=1.1.1.1',
];

describe('applyForwardedHeaders', () => {
  it('tells the backend address, protocol and host of the client', () => {
    expect(sent('x-forwarded', [])).toEqual({
      'X-Forwarded-For': '192.0.2.1',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'Gateway.test:5000',
    });
    expect(sent('forwarded', [], '2001:db8::1', true)).toEqual({
      Forwarded: 'for="[2001:db8::1]";proto=https;host="Gateway.test:5000"',
    });
  });

  it('replaces whatever a peer outside TrustedProxies says, also what it does not write itself', () => {
    expect(sent('x-forwarded', SPOOFED)).toEqual(sent('x-forwarded', []));
    expect(sent('forwarded', SPOOFED)).toEqual(sent('forwarded', []));
    expect(sent('both', SPOOFED)).toEqual({ ...sent('x-forwarded', []), ...sent('forwarded', []) });
  });

  it('adds to what a trusted peer says', () => {
    const raw = [
      'X-Forwarded-For',
      '203.0.113.9',
      'X-Forwarded-Proto',
      'https',
      'X-Forwarded-Host',
      'a.com',
      'X-Forwarded-Port',
      '443',
    ];
    expect(sent('both', [...raw, 'Forwarded', 'for=203.0.113.9'], '10.0.0.1')).toEqual({
      'X-Forwarded-For': '203.0.113.9, 10.0.0.1',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'a.com',
      'X-Forwarded-Port': '443',
      Forwarded: 'for=203.0.113.9, for=10.0.0.1;proto=http;host="Gateway.test:5000"',
    });
    expect(sent('x-forwarded', [], '10.0.0.1')).toMatchObject({
      'X-Forwarded-For': '10.0.0.1',
      'X-Forwarded-Proto': 'http',
    });
  });

  it('keeps the chain of a trusted peer though the client names it in Connection', () => {
    const raw = ['Connection', 'Upgrade, X-Forwarded-For', 'X-Forwarded-For', '203.0.113.9'];
    expect(sent('x-forwarded', raw, '10.0.0.1')['X-Forwarded-For']).toBe('203.0.113.9, 10.0.0.1');
  });

  it('drops spellings with an underscore from trusted peers too', () => {
    expect(Object.keys(sent('off', ['X_Forwarded_For', '1.1.1.1'], '10.0.0.1'))).toEqual([]);
  });

  it('writes and removes nothing when it is off', () => {
    expect(sent('off', ['X-Forwarded-For', '1.1.1.1'])).toEqual({ 'X-Forwarded-For': '1.1.1.1' });
  });

  it('says unknown of a client without an address (RFC 7239 §6.2)', () => {
    expect(sent('both', [], '')).toEqual({
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'Gateway.test:5000',
      Forwarded: 'for=unknown;proto=http;host="Gateway.test:5000"',
    });
  });
});

import { describe, expect, it } from 'vitest';

import type { RouteCompression } from '@ocelot/core';

import { agreedByBackend, agreeWithClient, compressesWith, deflateOffer } from '../../src/handshake/deflate-offer.js';
import { readExtensions } from '../../src/handshake/extensions.js';

const settings = (overrides: Partial<RouteCompression> = {}): RouteCompression => ({
  legs: 'both',
  thresholdBytes: 1024,
  windowBits: 12,
  contextTakeover: false,
  ...overrides,
});

describe('compressesWith', () => {
  it.each([
    ['off', false, false],
    ['client', true, false],
    ['backend', false, true],
    ['both', true, true],
  ] as const)('reads Legs: %s', (legs, client, backend) => {
    expect([compressesWith('client', settings({ legs })), compressesWith('backend', settings({ legs }))]).toEqual([
      client,
      backend,
    ]);
  });
});

describe('deflateOffer', () => {
  it('asks for a small window, and again without for servers that must decline that (RFC 7692 §7.1.2.1)', () => {
    expect(deflateOffer(settings())).toBe(
      'permessage-deflate; client_max_window_bits; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12, ' +
        'permessage-deflate; client_max_window_bits; server_no_context_takeover; client_no_context_takeover',
    );
    expect(deflateOffer(settings({ windowBits: 15, contextTakeover: true }))).toBe(
      'permessage-deflate; client_max_window_bits',
    );
  });
});

describe('agreedByBackend', () => {
  const agreed = (value: string, overrides: Partial<RouteCompression> = {}) =>
    agreedByBackend(readExtensions([value]), settings(overrides));

  it('is nothing when the backend accepts nothing', () => {
    expect(agreed('')).toBeUndefined();
  });

  it('keeps to what the backend says, and compresses with no more than its own window', () => {
    expect(agreed('permessage-deflate; server_max_window_bits=10; client_max_window_bits=9')).toEqual({
      serverNoContextTakeover: false,
      clientNoContextTakeover: true,
      serverWindowBits: 10,
      clientWindowBits: 9,
    });
    expect(agreed('permessage-deflate; server_no_context_takeover', { contextTakeover: true })).toEqual({
      serverNoContextTakeover: true,
      clientNoContextTakeover: false,
      serverWindowBits: 15,
      clientWindowBits: 12,
    });
  });
});

describe('agreeWithClient', () => {
  const agree = (offer: string, overrides: Partial<RouteCompression> = {}) =>
    agreeWithClient(readExtensions([offer]), settings(overrides));

  it.each([
    [
      'permessage-deflate',
      {},
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12',
    ],
    [
      'permessage-deflate; client_max_window_bits',
      {},
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12',
    ],
    [
      'permessage-deflate; client_max_window_bits=10; server_max_window_bits=9',
      {},
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10',
    ],
    ['permessage-deflate', { windowBits: 15, contextTakeover: true }, 'permessage-deflate'],
    [
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      { windowBits: 15, contextTakeover: true },
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ],
  ])('answers %s under %j with no more than was offered (RFC 7692 §7.1)', (offer, overrides, answer) => {
    expect(agree(offer, overrides)?.answer).toBe(answer);
  });

  it('decompresses with the full window when the client cannot use a smaller one (RFC 7692 §7.1.2.2)', () => {
    expect(agree('permessage-deflate')?.parameters.clientWindowBits).toBe(15);
  });

  it.each([
    'permessage-deflate; server_max_window_bits',
    'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; server_max_window_bits=7',
    'permessage-deflate; client_max_window_bits=08',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; client_no_context_takeover; client_no_context_takeover',
    'permessage-deflate; unknown',
    'x-webkit-deflate-frame',
    '',
  ])('declines %s (RFC 7692 §5.1, CVE-2026-2229)', (offer) => {
    expect(agree(offer)).toBeUndefined();
  });

  it('takes the first offer that is valid', () => {
    expect(agree('permessage-deflate; unknown, x-other, permessage-deflate; server_max_window_bits=10')?.answer).toBe(
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10',
    );
  });
});

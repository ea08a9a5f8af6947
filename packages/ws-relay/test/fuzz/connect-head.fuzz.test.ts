import { isGatewayError, type UpgradeRequest } from '@ocelot/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { connectFields } from '@ocelot/test-support';
import { validateConnect } from '../../src/handshake/validate-connect.js';

/** `npm run fuzz` sets it, with a seed of its own in FC_SEED. */
const RUNS = 1000 * Number(process.env['FUZZ_TIMES'] ?? 1);

const PEER = { address: '192.0.2.7', port: 7, tls: false };
const STATUSES = [400, 405, 431, 501];

type Field = readonly [string, string];

const NAMES = [
  ...connectFields().map(([name]) => name),
  ':status',
  'host',
  'cookie',
  'connection',
  'upgrade',
  'te',
  'content-length',
  'transfer-encoding',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'sec-websocket-key',
  '__proto__',
  'x-forwarded-host',
];

/** Fields that matter to a handshake, with values that somebody might try, and fields of any kind. */
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.tuple(
    fc.constantFrom(...NAMES),
    fc.oneof(
      fc.constantFrom(
        '',
        '13',
        'websocket',
        '/',
        '//evil.test',
        '/a?b',
        '/\\evil',
        'http://evil.test/',
        '*',
        'a@b',
        '[::1]',
      ),
      fc.constantFrom(
        'gateway.test',
        'GATEWAY.test:1',
        'trailers',
        '0',
        '1',
        'a, b',
        'a=1',
        '/%00',
        '/\r\nX: y',
        '/ /',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    ),
  ),
  fc.tuple(fc.string({ maxLength: 10 }), fc.string({ unit: 'binary', maxLength: 20 })),
);

/** An extended CONNECT of which something is left out, doubled, added or put elsewhere. */
const head = fc
  .tuple(fc.subarray([...connectFields()], { minLength: 4 }), fc.array(field, { maxLength: 4 }))
  .chain(([usual, more]) => fc.shuffledSubarray<Field>([...usual, ...more], { minLength: usual.length + more.length }));

function checkAccepted(request: UpgradeRequest): void {
  const names = request.rawHeaders.filter((_, index) => index % 2 === 0);
  expect(request.method).toBe('GET');
  expect(request.path).toMatch(/^\/[^?#\\\s]*$/);
  expect(request.host).not.toMatch(/[/\\@\s]/);
  expect(names.filter((name) => name === 'host')).toHaveLength(1);
  expect(names.filter((name) => name === 'cookie').length).toBeLessThan(2);
  expect(names.filter((name) => name.startsWith(':') || name === 'upgrade' || name === 'connection')).toEqual([]);
  expect(request.key).toMatch(/^[+/0-9A-Za-z]{22}==$/);
}

describe('a head of HTTP/2 that asks for a WebSocket', () => {
  it(`becomes a safe GET, or is refused by name, for ${RUNS} generated heads (FC_SEED, npm run fuzz)`, () => {
    let accepted = 0;
    fc.assert(
      fc.property(head, (fields) => {
        let request: UpgradeRequest;
        try {
          request = validateConnect(fields.flat(), PEER);
        } catch (error) {
          if (!isGatewayError(error)) throw error;
          expect(error.code).toBe('OCELOT_ERR_UPGRADE_INVALID');
          expect(STATUSES).toContain(error.status);
          return;
        }
        accepted += 1;
        checkAccepted(request);
      }),
      { numRuns: RUNS },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});

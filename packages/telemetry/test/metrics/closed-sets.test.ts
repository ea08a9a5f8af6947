import { describe, expect, it } from 'vitest';

import { closeCodeLabel, methodLabel, statusLabel } from '../../src/metrics/closed-sets.js';

describe('labels that clients and backends have a say in', () => {
  it('knows methods of standards, and calls every other one _OTHER (OpenTelemetry HTTP conventions)', () => {
    expect(['GET', 'PATCH', 'get', 'PROPFIND', `X${'Y'.repeat(1000)}`].map((method) => methodLabel(method))).toEqual([
      'GET',
      'PATCH',
      '_OTHER',
      '_OTHER',
      '_OTHER',
    ]);
  });

  it('knows registered close codes (RFC 6455 §7.4), and of others only those of the gateway itself', () => {
    expect(closeCodeLabel(1001, false)).toBe('1001');
    expect(closeCodeLabel(4711, false)).toBe('other');
    expect(closeCodeLabel(4401, true)).toBe('4401');
    expect(closeCodeLabel(undefined, false)).toBe('none');
  });

  it('knows statuses of HTTP', () => {
    expect([101, 599, 600, 42].map((status) => statusLabel(status))).toEqual([101, 599, 'other', 'other']);
  });
});

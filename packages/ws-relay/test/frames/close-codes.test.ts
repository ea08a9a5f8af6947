import { describe, expect, it } from 'vitest';

import {
  isSendableCloseCode,
  MAX_REASON_BYTES,
  readClosePayload,
  writeClosePayload,
} from '../../src/frames/close-codes.js';

describe('isSendableCloseCode', () => {
  it('accepts what RFC 6455 §7.4 and the registry let an endpoint send', () => {
    const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
    for (const code of codes) expect(isSendableCloseCode(code)).toBe(true);
  });

  it('refuses 1004, 1005, 1006, 1015 and everything undefined', () => {
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535]) {
      expect(isSendableCloseCode(code)).toBe(false);
    }
  });
});

describe('writeClosePayload', () => {
  it('cuts a long reason at 123 bytes without splitting a character', () => {
    const payload = writeClosePayload(1000, '€'.repeat(60));
    expect(payload.length).toBe(2 + MAX_REASON_BYTES);
    expect(readClosePayload(payload)).toEqual({ code: 1000, reason: '€'.repeat(41) });
    expect(writeClosePayload(1000, `a${'€'.repeat(60)}`).length).toBe(2 + 121);
  });

  it('is empty without a code', () => {
    expect(writeClosePayload(undefined, 'ignored')).toHaveLength(0);
  });
});

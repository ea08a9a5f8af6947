import { describe, expect, it } from 'vitest';

import { crc32c } from '../../src/front/crc32c.js';

describe('crc32c', () => {
  // RFC 3720 Appendix B.4, the same polynomial.
  it.each([
    ['the usual check value', Buffer.from('123456789'), 0xe3069283],
    ['32 bytes of zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['nothing', Buffer.alloc(0), 0],
  ])('gives the published sum of %s (RFC 4960 Appendix B)', (_what, bytes, sum) => {
    expect(crc32c(bytes)).toBe(sum);
  });

  it('gives the same sum for the same bytes in several pieces', () => {
    expect(crc32c(Buffer.from('1234'), Buffer.alloc(0), Buffer.from('56789'))).toBe(0xe3069283);
  });
});

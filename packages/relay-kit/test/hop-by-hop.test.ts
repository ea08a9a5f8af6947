import { describe, expect, it } from 'vitest';

import { endToEndHeaders, headerLines, isHopByHop } from '../src/index.js';

describe('endToEndHeaders (RFC 9110 §7.6.1, S12)', () => {
  it('takes hop-by-hop headers off, whatever their case', () => {
    const hop = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'TE', 'Trailer', 'Transfer-Encoding', 'UPGRADE'];
    expect(endToEndHeaders(['A', '1', ...hop.flatMap((name) => [name, 'x']), 'b', '2'])).toEqual(['A', '1', 'b', '2']);
    for (const name of hop) expect(isHopByHop(name.toLowerCase())).toBe(true);
    expect(isHopByHop('set-cookie')).toBe(false);
  });

  it('takes off what Connection names, on any of its lines', () => {
    const raw = ['connection', 'close, X-A', 'Connection', ' x-b ,', 'X-A', '1', 'x-b', '2', 'X-C', '3'];
    expect(endToEndHeaders(raw)).toEqual(['X-C', '3']);
  });

  it('keeps order, case and duplicates of the rest', () => {
    const raw = ['Set-Cookie', 'a', 'X-Y', '', 'set-cookie', 'b'];
    expect(endToEndHeaders(raw)).toEqual(raw);
    expect(headerLines(raw)).toBe('Set-Cookie: a\r\nX-Y: \r\nset-cookie: b\r\n');
  });
});

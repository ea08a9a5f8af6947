import { describe, expect, it } from 'vitest';

import { http2Headers } from '../src/index.js';

describe('http2Headers (RFC 9113 §8.2)', () => {
  it('writes names in lower case, and nothing of an HTTP/1.1 connection (§8.2.2)', () => {
    const raw = ['X-A', '1', 'Connection', 'close', 'TE', 'trailers', 'HTTP2-Settings', 'x', 'Upgrade', 'h2c'];
    expect(http2Headers(raw)).toEqual({ 'x-a': '1' });
  });

  it('makes one line of those of one name, but for Set-Cookie (RFC 9110 §5.3)', () => {
    const raw = ['User-Agent', 'a', 'Set-Cookie', 'a=1', 'user-agent', 'b', 'set-cookie', 'b=2'];
    expect(http2Headers(raw)).toEqual({ 'user-agent': 'a, b', 'set-cookie': ['a=1', 'b=2'] });
  });

  it('joins Cookie as it was cut (§8.2.3)', () => {
    expect(http2Headers(['Cookie', 'a=1', 'cookie', 'b=2; c=3'])).toEqual({ cookie: 'a=1; b=2; c=3' });
  });

  it.each(['Constructor', '__proto__', 'toString'])('takes %s for a name like any other', (name) => {
    const headers = http2Headers([name, 'x']);
    expect(Object.entries(headers)).toEqual([[name.toLowerCase(), 'x']]);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });
});

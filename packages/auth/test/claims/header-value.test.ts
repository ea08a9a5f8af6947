import { describe, expect, it } from 'vitest';

import { headerNameFault, headerValue } from '../../src/claims/header-value.js';

describe('headerNameFault', () => {
  it.each(['X-User', 'Authorization', 'x_user', 'CustomerId'])('lets %s be made of a claim', (name) => {
    expect(headerNameFault(name)).toBeUndefined();
  });

  it.each([
    'Host',
    'Connection',
    'Transfer-Encoding',
    'content-length',
    'Content_Length',
    'Upgrade',
    'Sec-WebSocket-Key',
  ])('refuses %s, which belongs to the connection (S12)', (name) => {
    expect(headerNameFault(name)).toContain('belongs to the connection');
  });

  it.each(['', 'X User', 'X:User', 'X\r\nY'])('refuses %j, which is no name', (name) => {
    expect(headerNameFault(name)).toContain('no header name');
  });
});

describe('headerValue', () => {
  it.each(['a\r\nX-Admin: 1', 'a\n', 'a\r', 'a\u0000', 'a\u007f', '\u001b[0m'])('refuses %j (S13)', (value) => {
    expect(() => headerValue(value, 'sub')).toThrow(
      expect.objectContaining({ code: 'OCELOT_ERR_FORBIDDEN', details: expect.objectContaining({ claim: 'sub' }) }),
    );
  });

  it('writes other alphabets as the bytes of UTF-8', () => {
    const value = headerValue('Žofie č', 'name');
    expect(Buffer.from(value, 'latin1').toString('utf8')).toBe('Žofie č');
    expect(value).not.toMatch(/[^\x00-\xff]/);
  });

  it('leaves ASCII as it is', () => {
    expect(headerValue('a, b\t"c"', 'name')).toBe('a, b\t"c"');
  });
});

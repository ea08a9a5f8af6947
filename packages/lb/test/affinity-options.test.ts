import { describe, expect, it } from 'vitest';

import { readAffinityOptions } from '../src/affinity-options.js';

describe('readAffinityOptions', () => {
  it.each([
    [{ Key: 'a b' }, 'Key must be the name of a cookie; "a b" cannot be one (RFC 6265 §4.1.1).'],
    [{ Path: 'hub' }, 'Path must begin with "/" and hold no blank and no ";", not "hub".'],
    [{ Path: '/a;Domain=x' }, 'Path must begin with "/" and hold no blank and no ";", not "/a;Domain=x".'],
    [{ Path: '/a\r\nX: 1' }, 'Path must begin with "/"'],
    [{ Domain: 'a;b' }, 'Domain must be the name of a host, not "a;b".'],
    [{ Domain: 7 }, 'Domain must be the name of a host, not 7.'],
    [{ SameSite: 'Sometimes' }, 'SameSite must be one of Lax, Strict, None, not "Sometimes".'],
    [{ SameSite: 'None' }, '"SameSite": "None" needs "Secure": true'],
    [{ SameSite: 'None', Secure: false }, '"SameSite": "None" needs "Secure": true'],
    [{ Secure: 'perhaps' }, 'Secure must be true or false, not "perhaps".'],
    [{ Policy: 'ConsistentHash' }, 'Policy must be one of RoundRobin, LeastConnection, not "ConsistentHash".'],
    [{ Expiry: 'soon' }, 'Expiry must be a number of milliseconds, not "soon".'],
    [{ Key: '__Secure-a' }, 'Key "__Secure-a" needs "Secure": true because of its prefix (RFC 6265bis §4.1.3).'],
    [{ Key: '__host-a' }, 'Key "__host-a" needs "Secure": true'],
    [{ Key: '__Host-a', Secure: true, Path: '/x' }, 'Key "__Host-a" allows no Domain and no Path but "/"'],
    [{ Key: '__Host-a', Secure: true, Domain: 'example.com' }, 'Key "__Host-a" allows no Domain and no Path but "/"'],
    [{ Secret: 'short' }, 'Secret must be a text of at least 16 characters.'],
    [{ Secret: 1_234_567_890_123_456 }, 'Secret must be a text of at least 16 characters.'],
  ])('refuses %j and says why', (options, message) => {
    expect(() => readAffinityOptions(options)).toThrow(message);
  });

  it('never tells a secret that it refuses', () => {
    expect(() => readAffinityOptions({ Secret: 'hunter2' })).not.toThrow(/hunter2/);
  });

  it.each([
    { Key: '__Host-a', Secure: true },
    { Key: '__Secure-a', Secure: 'true', Domain: '.example.com', Path: '/x' },
    { SameSite: 'None', Secure: true },
    { Key: '', Path: null, Domain: '', SameSite: '', Secure: '', Expiry: 0, Policy: '', Secret: '' },
  ])('takes %j', (options) => {
    expect(() => readAffinityOptions(options)).not.toThrow();
  });

  it.each([[-1], [0], [undefined]])('makes a cookie that ends with the browser of Expiry %j', (expiry) => {
    const options = expiry === undefined ? {} : { Expiry: expiry };
    expect(readAffinityOptions(options)).toMatchObject({
      isRenewed: false,
      attributes: expect.not.stringContaining('Max-Age'),
    });
  });
});

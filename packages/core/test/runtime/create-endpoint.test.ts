import { describe, expect, it } from 'vitest';

import { createEndpoint } from '../../src/runtime/create-endpoint.js';

describe('createEndpoint', () => {
  it('fills in an ordinary weight, no tags and no metadata, and freezes everything', () => {
    const endpoint = createEndpoint({ host: 'app.internal', port: 8080 });
    expect(endpoint).toEqual({ host: 'app.internal', port: 8080, weight: 1, tags: [], metadata: {} });
    expect([endpoint, endpoint.tags, endpoint.metadata].every((part) => Object.isFrozen(part))).toBe(true);
  });

  it('keeps what is given, without sharing it', () => {
    const tags = ['blue'];
    const endpoint = createEndpoint({ host: 'a', port: 1, scheme: 'wss', weight: 0, tags, metadata: { zone: 'x' } });
    tags.push('later');
    expect(endpoint).toEqual({ host: 'a', port: 1, scheme: 'wss', weight: 0, tags: ['blue'], metadata: { zone: 'x' } });
  });

  it('takes the brackets off an IPv6 address', () => {
    expect(createEndpoint({ host: '[::1]', port: 80 }).host).toBe('::1');
  });

  it.each(['', ' ', 'a b', 'a\r\nX: y', 'a\u0000', 'a/b', 'a\\b', 'user@a', 'a?b', 'a#b', '[a', 'a\u0085', 'a\u2028'])(
    'refuses the host %j, which could leave its place in a URL or a header',
    (host) => {
      expect(() => createEndpoint({ host, port: 80 })).toThrow('the host is not usable');
    },
  );

  it.each([0, -1, 65_536, 80.5, Number.NaN])('refuses the port %j', (port) => {
    expect(() => createEndpoint({ host: 'a', port })).toThrow('the port must be a whole number from 1 to 65535');
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the weight %j', (weight) => {
    expect(() => createEndpoint({ host: 'a', port: 80, weight })).toThrow('the weight must be a number of 0 or more');
  });

  it('refuses fields that plain JavaScript got wrong, with a message and no crash', () => {
    const fields = { host: 12, port: '80' } as never;
    expect(() => createEndpoint(fields)).toThrow('endpoint {"host":12,"port":"80"}: the host is not usable.');
  });
});

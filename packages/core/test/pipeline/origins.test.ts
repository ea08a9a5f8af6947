import { describe, expect, it } from 'vitest';

import { isGatewayError } from '../../src/index.js';
import { compileOrigins } from '../../src/pipeline/origins.js';

const allows = (allowed: readonly string[], origin: string | undefined): boolean => {
  const isAllowed = compileOrigins(allowed);
  if (isAllowed === undefined) throw new Error('no list');
  return isAllowed(origin);
};

describe('compileOrigins', () => {
  it('has nothing to test when the list is empty', () => {
    expect(compileOrigins([])).toBeUndefined();
  });

  it.each([
    ['https://example.com', 'https://example.com'],
    ['https://Example.com/', 'HTTPS://EXAMPLE.COM'],
    ['https://example.com:443', 'https://example.com'],
    ['http://example.com:8080', 'http://example.com:8080'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['chrome-extension://abcdef', 'chrome-extension://abcdef'],
    ['https://*.example.com', 'https://a.example.com'],
    ['https://*.example.com', 'https://a.b.example.com'],
    ['https://*.example.com:8443', 'https://a.example.com:8443'],
    ['null', 'null'],
  ])('%s allows %s', (entry, origin) => {
    expect(allows([entry], origin)).toBe(true);
  });

  it.each([
    ['https://example.com', 'http://example.com'],
    ['https://example.com', 'https://example.com:8443'],
    ['https://example.com', 'https://example.com.evil.com'],
    ['https://example.com', 'https://notexample.com'],
    ['https://example.com', 'null'],
    ['https://example.com', ''],
    ['https://*.example.com', 'https://example.com'],
    ['https://*.example.com', 'https://evilexample.com'],
    ['https://*.example.com', 'https://evil.com/.example.com'],
    ['https://*.example.com', 'https://evil.com:80.example.com'],
    ['https://*.example.com', 'https://.example.com'],
    ['https://*.example.com', 'http://a.example.com'],
    ['https://*.example.com', 'https://a.example.com:8443'],
  ])('%s does not allow "%s"', (entry, origin) => {
    expect(allows([entry], origin)).toBe(false);
  });

  it('passes a request without Origin: browsers always send it (RFC 6455 §10.2)', () => {
    expect(allows(['https://example.com'], undefined)).toBe(true);
  });

  it.each([
    'example.com',
    '*',
    'https://',
    'https://*',
    'https://a.com/path',
    'https://a.*.com',
    'https://u@a.com',
    '',
  ])('refuses the entry "%s", naming it', (entry) => {
    let thrown: unknown;
    try {
      compileOrigins([entry]);
    } catch (error) {
      thrown = error;
    }
    expect(isGatewayError(thrown) && thrown.code).toBe('OCELOT_ERR_CONFIG_INVALID');
    expect(String(thrown)).toContain(`"${entry}" is no origin`);
  });
});

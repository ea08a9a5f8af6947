import { GatewayError } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { refusalBody, refusalHeaders } from '../src/index.js';

const error = new GatewayError('OCELOT_ERR_RATE_LIMITED', {
  message: 'Too many “connections”.',
  headers: { 'Retry-After': '5', 'X-Seen': 'a\r\nSet-Cookie: b=1\0' },
  details: { address: '10.0.0.7' },
  cause: new Error('secret'),
});

describe('a refusal', () => {
  it('tells status, code, message and request id, never cause or details', () => {
    const body = refusalBody(error, 429, 'x-1');
    expect(JSON.parse(body)).toEqual({
      status: 429,
      code: 'OCELOT_ERR_RATE_LIMITED',
      message: 'Too many “connections”.',
      requestId: 'x-1',
    });
    expect(body.endsWith('\n')).toBe(true);
    expect(JSON.parse(refusalBody(error, 429, undefined))).not.toHaveProperty('requestId');
  });

  it('counts its length in bytes, is not stored, and has the headers of the error', () => {
    const headers = refusalHeaders(error, '“');
    expect(headers.slice(0, 6)).toEqual([
      'Content-Type',
      'application/json; charset=utf-8',
      'Content-Length',
      '3',
      'Cache-Control',
      'no-store',
    ]);
    expect(headers.slice(6, 8)).toEqual(['Retry-After', '5']);
  });

  it('lets no value end its line (RFC 9110 §5.5, S13)', () => {
    expect(refusalHeaders(error, '').at(-1)).toBe('a  Set-Cookie: b=1 ');
  });

  it('leaves out what is no header name (RFC 9110 §5.1)', () => {
    const bad = new GatewayError('OCELOT_ERR_FORBIDDEN', { headers: { 'X Y': '1', 'X\r\nZ': '2', '': '3' } });
    expect(refusalHeaders(bad, '')).toHaveLength(6);
  });

  it('writes several values of a name as lines of their own, none of which ends early', () => {
    const cookies = new GatewayError('OCELOT_ERR_FORBIDDEN', { headers: { 'Set-Cookie': ['a=1', 'b=2\r\nc: 3'] } });
    expect(refusalHeaders(cookies, '').slice(6)).toEqual(['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2  c: 3']);
  });

  it('has the body of its error where that has one, with its type and length', () => {
    const body = { contentType: 'text/plain; charset=utf-8', text: 'Slow down, “friend”.' };
    const limited = new GatewayError('OCELOT_ERR_RATE_LIMITED', { body });
    const told = refusalBody(limited, 429, 'x-1');
    expect(told).toBe('Slow down, “friend”.');
    expect(refusalHeaders(limited, told).slice(0, 4)).toEqual([
      'Content-Type',
      'text/plain; charset=utf-8',
      'Content-Length',
      '24',
    ]);
  });

  it('lets no header of its error say how it is framed, or what it is; only how it is kept (RFC 9110 §8.6)', () => {
    const headers = { 'content-length': '1', 'Content-Type': 'x/y', Connection: 'x', 'Transfer-Encoding': 'chunked' };
    const framed = new GatewayError('OCELOT_ERR_FORBIDDEN', { headers: { ...headers, 'cache-control': 'private' } });
    expect(refusalHeaders(framed, '{}')).toEqual([
      'Content-Type',
      'application/json; charset=utf-8',
      'Content-Length',
      '2',
      'cache-control',
      'private',
    ]);
  });
});

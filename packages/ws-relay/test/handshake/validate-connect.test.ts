import { isGatewayError, type UpgradeRequest } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { connectFields } from '@ocelot/test-support';
import { validateConnect } from '../../src/handshake/validate-connect.js';

const PEER = { address: '192.0.2.7', port: 7, tls: true };

type Field = readonly [string, string];

/** Reads an extended CONNECT: the usual fields without those named here, and these behind them. */
function read(changes: Readonly<Record<string, string | readonly string[] | undefined>> = {}): UpgradeRequest {
  const usual = connectFields().filter(([name]) => !(name in changes));
  const more = Object.entries(changes).flatMap(([name, value]): readonly Field[] =>
    (value === undefined ? [] : [value].flat()).map((one): Field => [name, one]),
  );
  return validateConnect([...usual, ...more].flat(), PEER);
}

describe('an extended CONNECT (RFC 8441 §5) becomes the GET that it would be over HTTP/1.1', () => {
  it('with the target, authority, subprotocols and extensions of the client', () => {
    const request = read({
      ':path': '/chat/%2e?x=1',
      ':authority': 'Gateway.test:8443',
      'sec-websocket-protocol': ['v1', 'v2'],
      'sec-websocket-extensions': 'permessage-deflate',
    });
    expect(request).toMatchObject({
      kind: 'upgrade',
      method: 'GET',
      path: '/chat/%2e',
      query: '?x=1',
      host: 'gateway.test',
      authority: 'Gateway.test:8443',
      protocols: ['v1', 'v2'],
      extensions: 'permessage-deflate',
      client: PEER,
    });
  });

  it('without pseudo-headers, with the authority as Host and one Cookie (RFC 9113 §8.2.3, §8.3.1)', () => {
    const { rawHeaders } = read({ 'x-a': '1', cookie: ['a=1', 'b=2'], host: 'GATEWAY.test' });
    expect(rawHeaders).toEqual([
      'host',
      'gateway.test',
      'sec-websocket-version',
      '13',
      'x-a',
      '1',
      'cookie',
      'a=1; b=2',
    ]);
  });

  it('with a key of 16 random bytes, another one each time', () => {
    const [one, two] = [read().key, read().key];
    expect(Buffer.from(one, 'base64')).toHaveLength(16);
    expect(one).not.toBe(two);
  });

  it.each<[string, Parameters<typeof read>[0]]>([
    ['Host in place of :authority', { ':authority': undefined, host: 'gateway.test' }],
    ['te: trailers', { te: 'trailers' }],
    [':protocol in other case', { ':protocol': 'WebSocket' }],
    ['a body of no bytes', { 'content-length': '0' }],
  ])('also with %s', (_, changes) => {
    expect(read(changes).host).toBe('gateway.test');
  });
});

describe('what is none is refused with UPGRADE_INVALID', () => {
  it.each<[string, number, Parameters<typeof read>[0], Readonly<Record<string, string>>]>([
    ['no :protocol', 405, { ':protocol': undefined }, { Allow: 'GET' }],
    ['another :protocol', 501, { ':protocol': 'connect-ip' }, {}],
    ['no :scheme', 400, { ':scheme': undefined }, {}],
    ['another :scheme', 400, { ':scheme': 'ftp' }, {}],
    ['no :path', 400, { ':path': undefined }, {}],
    ['a URL as :path', 400, { ':path': 'http://evil.test/' }, {}],
    ['a backslash in :path (S14)', 400, { ':path': '/\\evil.test' }, {}],
    ['an asterisk as :path', 400, { ':path': '*' }, {}],
    ['no :authority', 400, { ':authority': undefined }, {}],
    ['an invalid :authority', 400, { ':authority': 'a@b' }, {}],
    ['a Host that differs', 400, { host: 'other.test' }, {}],
    ['two Host', 400, { host: ['gateway.test', 'gateway.test'] }, {}],
    ['Connection', 400, { connection: 'upgrade' }, {}],
    ['Upgrade', 400, { upgrade: 'websocket' }, {}],
    ['Keep-Alive', 400, { 'keep-alive': 'timeout=1' }, {}],
    ['Proxy-Connection', 400, { 'proxy-connection': 'x' }, {}],
    ['Transfer-Encoding', 400, { 'transfer-encoding': 'chunked' }, {}],
    ['HTTP2-Settings', 400, { 'http2-settings': 'AAMAAABk' }, {}],
    ['te other than trailers', 400, { te: 'gzip' }, {}],
    ['a body', 400, { 'content-length': '1' }, {}],
    ['no version', 400, { 'sec-websocket-version': undefined }, { 'Sec-WebSocket-Version': '13' }],
    ['another version', 400, { 'sec-websocket-version': '14' }, { 'Sec-WebSocket-Version': '13' }],
    ['two versions', 400, { 'sec-websocket-version': ['13', '13'] }, {}],
    ['equal subprotocols', 400, { 'sec-websocket-protocol': 'a, a' }, {}],
    ['more than a thousand headers', 431, { 'x-a': Array.from({ length: 1000 }, () => '1') }, {}],
  ])('%s: %i', (_, status, changes, headers) => {
    let thrown: unknown;
    try {
      read(changes);
    } catch (error) {
      thrown = error;
    }
    if (!isGatewayError(thrown)) throw thrown ?? new Error('nothing was thrown');
    expect([thrown.code, thrown.status, thrown.headers]).toEqual(['OCELOT_ERR_UPGRADE_INVALID', status, headers]);
  });
});

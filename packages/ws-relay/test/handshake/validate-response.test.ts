import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  collectLeaks,
  type LeakWatch,
  SAMPLE_KEY,
  scriptedBackend,
  type ScriptedBackend,
  switchingHead,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand } from '../gateway-stand.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;
let answer = '';

beforeAll(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend(async (connection) => {
    await connection.readHead();
    connection.send(Buffer.from(answer, 'latin1'));
  });
  stand = await gatewayStand([backend.port]);
});

afterAll(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

const offer = {
  'Sec-WebSocket-Protocol': 'chat, superchat',
  'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits, x-other; a="x,y"',
};

// No proxy that was tried refused a wrong accept value: what is behind the address then gets the client's bytes.
describe("a backend's 101 is refused with 502, and nothing of it reaches the client (RFC 6455 §4.1)", () => {
  it.each<[string, Readonly<Record<string, string | readonly string[] | undefined>>, RegExp]>([
    ['without an accept key', { 'Sec-WebSocket-Accept': undefined }, /no accept key/],
    ['with a wrong accept key', { 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }, /wrong accept key/],
    ['with two accept keys', { 'Sec-WebSocket-Accept': ['a', 'b'] }, /several accept keys/],
    ['without Upgrade', { Upgrade: undefined }, /websocket/],
    ['with another Upgrade', { Upgrade: 'h2c' }, /websocket/],
    ['without Connection: upgrade', { Connection: 'keep-alive' }, /Connection/],
    ['with a subprotocol that was not offered', { 'Sec-WebSocket-Protocol': 'other' }, /subprotocol/],
    ['with two subprotocols', { 'Sec-WebSocket-Protocol': ['chat', 'superchat'] }, /subprotocol/],
    ['with an extension that was not offered', { 'Sec-WebSocket-Extensions': 'bzip' }, /extension/],
    ['with an extension more often than offered', { 'Sec-WebSocket-Extensions': ['x-other', 'x-other'] }, /often/],
    ['with a malformed extension', { 'Sec-WebSocket-Extensions': 'permessage-deflate; a="' }, /malformed/],
    [
      'with a window outside 8 to 15 (S21, CVE-2026-2229)',
      { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=1000' },
      /8 to 15/,
    ],
    [
      'with an unknown parameter of permessage-deflate (S21)',
      { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window=9' },
      /unknown parameter/,
    ],
    ['with one extension twice', { 'Sec-WebSocket-Extensions': 'permessage-deflate, permessage-deflate' }, /often/],
  ])('%s', async (_, headers, fault) => {
    answer = `${switchingHead(SAMPLE_KEY, { 'X-Secret': 'leak', ...headers })}\x81\x04leak`;
    const client = await stand.client();
    const head = await client.upgrade({ headers: offer });
    const body = await client.readBody(head);
    expect(head.status).toBe(502);
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'OCELOT_ERR_BACKEND_HANDSHAKE_INVALID' });
    expect(body.toString() + JSON.stringify(head.headers)).not.toMatch(/leak/);
    await client.ended;
    expect(stand.lines.at(-1)).toMatchObject({
      level: 'warn',
      fields: { fault: expect.stringMatching(fault) as string },
    });
  });

  it('in HTTP/1.0', async () => {
    answer = switchingHead(SAMPLE_KEY).replace('HTTP/1.1', 'HTTP/1.0');
    const client = await stand.client();
    expect((await client.upgrade()).status).toBe(502);
  });
});

describe("a backend's 101 passes", () => {
  it('with its cookies, its subprotocol and its extensions, without what concerns its own hop', async () => {
    answer = switchingHead(SAMPLE_KEY, {
      'Sec-WebSocket-Protocol': 'superchat',
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits=12',
      'Set-Cookie': ['a=1', 'b=2'],
      Connection: 'Upgrade, X-Hop',
      'X-Hop': 'mine',
      'Keep-Alive': 'timeout=5',
      'Content-Length': '0',
    });
    const client = await stand.client();
    const head = await client.upgrade({ headers: offer });
    expect(head.status).toBe(101);
    expect(head.get('sec-websocket-protocol')).toBe('superchat');
    expect(head.get('sec-websocket-extensions')).toBe('permessage-deflate; client_max_window_bits=12');
    expect(head.all('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(head.get('connection')).toBe('Upgrade');
    for (const name of ['x-hop', 'keep-alive', 'content-length']) expect(head.get(name)).toBeUndefined();
    client.destroy();
  });

  it('after interim answers', async () => {
    answer = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${switchingHead(SAMPLE_KEY)}`;
    const client = await stand.client();
    const head = await client.upgrade();
    expect([head.status, head.get('link')]).toEqual([101, undefined]);
    client.destroy();
  });
});

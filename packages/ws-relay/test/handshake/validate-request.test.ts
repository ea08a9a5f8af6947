import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import {
  collectLeaks,
  type LeakWatch,
  scriptedBackend,
  type ScriptedBackend,
  upgradeHead,
  type UpgradeHeadOptions,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand } from '../gateway-stand.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;

beforeAll(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend(async (connection) => void (await connection.accept()));
  stand = await gatewayStand([backend.port]);
});

afterEach(() => {
  for (const connection of backend.connections) connection.destroy();
});

afterAll(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

const headers = (lines: UpgradeHeadOptions['headers']): UpgradeHeadOptions => ({ headers: lines ?? {} });

describe('a handshake is accepted (RFC 6455 §4.2.1)', () => {
  it.each<[string, UpgradeHeadOptions]>([
    ['as a browser sends it', {}],
    ['with Upgrade in mixed case', headers({ Upgrade: 'WebSocket' })],
    ['with Connection as a list in mixed case', headers({ Connection: 'keep-alive, UPGRADE' })],
    ['with Connection on several lines', headers({ Connection: ['keep-alive', 'Upgrade'] })],
    ['with websocket inside a list of protocols', headers({ Upgrade: 'proto1, websocket, proto2' })],
    ['with websocket on a second Upgrade line', headers({ Upgrade: ['proto3', 'websocket'] })],
    ['with Content-Length: 0', headers({ 'Content-Length': '0' })],
    ['with an absolute target that names the Host (RFC 9112 §3.2.2)', { target: 'http://gateway.test/x' }],
  ])('%s', async (_, options) => {
    const client = await stand.client();
    const head = await client.upgrade(options);
    expect([head.status, head.get('upgrade'), head.get('connection')]).toEqual([101, 'websocket', 'Upgrade']);
  });
});

describe('a handshake is refused with a real answer', () => {
  it.each<[string, UpgradeHeadOptions, number, RegExp]>([
    ['a method other than GET', { method: 'POST' }, 405, /GET/],
    ['HTTP/1.0', { version: 'HTTP/1.0' }, 400, /HTTP\/1\.1/],
    ['no key', headers({ 'Sec-WebSocket-Key': undefined }), 400, /Key/],
    ['a key that is not base64', headers({ 'Sec-WebSocket-Key': 'not base64 at all, you see' }), 400, /Key/],
    ['a key of 15 bytes', headers({ 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAA' }), 400, /Key/],
    ['a key of 17 bytes', headers({ 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAAA=' }), 400, /Key/],
    ['a second key', headers({ 'Sec-WebSocket-Key': Array(2).fill('dGhlIHNhbXBsZSBub25jZQ==') }), 400, /more than one/],
    ['a second version', headers({ 'Sec-WebSocket-Version': ['13', '13'] }), 400, /more than one/],
    ['a second Host', headers({ Host: ['a.test', 'b.test'] }), 400, /Host/],
    ['no Host', headers({ Host: undefined }), 400, /Host/],
    ['no version', headers({ 'Sec-WebSocket-Version': undefined }), 426, /13/],
    ['version 8', headers({ 'Sec-WebSocket-Version': '8' }), 426, /13/],
    ['a body by Content-Length', headers({ 'Content-Length': '5' }), 400, /body/],
    ['a chunked body', headers({ 'Transfer-Encoding': 'chunked' }), 400, /body/],
    ['another protocol', headers({ Upgrade: 'h2c' }), 400, /websocket/],
    ['the same subprotocol twice', headers({ 'Sec-WebSocket-Protocol': 'a, b, a' }), 400, /Protocol/],
    ['a subprotocol that is no token', headers({ 'Sec-WebSocket-Protocol': 'a b' }), 400, /Protocol/],
    ['a target that is no path', { target: '*' }, 400, /target/],
    ['an absolute target of another host', { target: 'http://evil.test/' }, 400, /Host/],
  ])('%s', async (_, options, status, message) => {
    const before = backend.connections.length;
    const client = await stand.client();
    const head = await client.upgrade(options);
    const body = await client.readBody(head);
    expect(head.status).toBe(status);
    expect(head.get('connection')).toMatch(/^close/);
    expect(Number(head.get('content-length'))).toBe(body.length);
    expect(JSON.parse(body.toString())).toMatchObject({ status, code: 'OCELOT_ERR_UPGRADE_INVALID' });
    expect(body.toString()).toMatch(message);
    await client.ended;
    expect(backend.connections).toHaveLength(before);
  });

  it('names the version it speaks with 426 (RFC 6455 §4.4)', async () => {
    const client = await stand.client();
    const head = await client.upgrade(headers({ 'Sec-WebSocket-Version': '7' }));
    expect([head.get('sec-websocket-version'), head.get('upgrade')]).toEqual(['13', 'websocket']);
  });

  it('names the method it serves with 405', async () => {
    const client = await stand.client();
    expect((await client.upgrade({ method: 'PUT' })).get('allow')).toBe('GET');
  });
});

// The attack: a request that looks like an upgrade is refused, and the bytes behind it, a second request, are parsed as
// if the first had been answered normally, behind whatever checked the first one (CVE-2026-2833, CVE-2019-17567).
describe('bytes behind a refused upgrade', () => {
  it.each([
    ['403-like refusals', headers({ Upgrade: 'h2c' })],
    ['426', headers({ 'Sec-WebSocket-Version': '8' })],
  ])('are neither parsed nor forwarded: %s', async (_, options) => {
    const before = backend.connections.length;
    const client = await stand.client();
    client.send(`${upgradeHead(options)}GET /admin HTTP/1.1\r\nHost: gateway.test\r\n\r\n`);
    const text = (await client.readToEnd()).toString();
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(backend.connections).toHaveLength(before);
  });
});

// Attack: requests that HTTP/2 forbids, which a gateway that translates them into HTTP/1.1 would make into others.
// Action: frames written by hand, for a WebSocket and for a plain request each.
// Expected: an answer of 400 and more, a reset stream or an ended connection; the backend hears of nothing whole.
import { H2, H2_CODE, H2_FLAG, type RawHttp2 } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import {
  type Fields,
  getFields,
  h2Stand,
  LEAVES_BROKEN_CONNECTIONS,
  OK,
  socketFields,
  type Verdict,
  verdictOf,
} from './h2-stand.js';
import { route } from './stand.js';

const subject = h2Stand((port) => ({ Routes: [route('/ws/{everything}', port)] }), { isBroken: true });

/** Neither served nor left without an end. */
function expectRefused(verdict: Verdict): void {
  if (verdict.status !== undefined) expect(verdict.status).toBeGreaterThanOrEqual(400);
  else expect(verdict.reset ?? verdict.goaway).not.toBe(H2_CODE.noError);
}

/** A stream that was refused harms no other one; where the connection ended, the next one is served. */
async function expectOthersServed(client: RawHttp2, verdict: Verdict): Promise<void> {
  if (verdict.goaway !== undefined) return subject.servesOthers();
  const path = subject.target();
  client.sendHeaders(101, getFields(path), H2_FLAG.endStream);
  (await subject.backend.call(path)).connection.send(OK);
  expect(await verdictOf(client, 101)).toEqual({ status: 200 });
}

type Change = (fields: Fields) => Fields;
const plus =
  (...more: Fields): Change =>
  (fields) => [...fields, ...more];
const first =
  (...more: Fields): Change =>
  (fields) => [...more, ...fields];
const without =
  (name: string): Change =>
  (fields) =>
    fields.filter(([key]) => key !== name);
const set =
  (name: string, value: string): Change =>
  (fields) =>
    fields.map(([key, old]) => [key, key === name ? value : old]);

const KINDS = [
  ['a WebSocket', socketFields, 0],
  ['a request', getFields, H2_FLAG.endStream],
] as const;

describe.each(KINDS)('HEADERS of %s', (_kind, fieldsOf, flags) => {
  it.each<[string, Change]>([
    ['a name in upper case (RFC 9113 §8.2.1)', plus(['X-Upper', '1'])],
    ['a name with one capital', plus(['x-uPper', '1'])],
    ['Connection (§8.2.2)', plus(['connection', 'close'])],
    ['Connection that names a header of ours (S12)', plus(['connection', 'x-forwarded-for'])],
    ['Keep-Alive', plus(['keep-alive', 'timeout=5'])],
    ['Proxy-Connection', plus(['proxy-connection', 'keep-alive'])],
    ['Transfer-Encoding', plus(['transfer-encoding', 'chunked'])],
    ['Upgrade', plus(['upgrade', 'websocket'])],
    ['TE other than trailers', plus(['te', 'gzip'])],
    [':path twice (§8.3)', plus([':path', '/ws/evil'])],
    [':path twice, in front', first([':path', '/ws/evil'])],
    [':method twice', first([':method', 'GET'])],
    [':scheme twice', first([':scheme', 'https'])],
    [':authority twice', first([':authority', 'evil.test'])],
    ['a pseudo-header behind a header', (fields) => [...without(':path')(fields), ['x-a', '1'], [':path', '/ws/late']]],
    ['an unknown pseudo-header', first([':evil', '1'])],
    ['a pseudo-header of answers', first([':status', '200'])],
    ['no :path (§8.3.1)', without(':path')],
    ['no :scheme', without(':scheme')],
    ['no :method', without(':method')],
    ['an empty :path', set(':path', '')],
    ['a :path that begins with no slash', set(':path', 'ws/1')],
    ['* as :path', set(':path', '*')],
    ['a blank in :path', set(':path', '/ws/a HTTP/1.1')],
    ['a line end in :path (S14)', set(':path', '/ws/a HTTP/1.1\r\nx-evil: 1')],
    ['a blank in :authority', set(':authority', 'gateway.test evil')],
    ['a line end in :authority', set(':authority', 'gateway.test\r\nx-evil: 1')],
    ['user information in :authority (§8.3.1)', set(':authority', 'user@gateway.test')],
    ['a path in :authority', set(':authority', 'gateway.test/evil')],
    ['a line end in :method', set(':method', 'GET /ws/evil HTTP/1.1\r\nx-evil: 1\r\nx')],
    ['a blank in :method', set(':method', 'GET /ws/evil')],
    ['a line end in :scheme', set(':scheme', 'https\r\nx-evil: 1')],
    ['two lengths', plus(['content-length', '1'], ['content-length', '2'])],
    ['a length that is no number', plus(['content-length', '0x0'])],
    ['a length with a sign', plus(['content-length', '+0'])],
    ['a list of lengths', plus(['content-length', '0, 0'])],
  ])('with %s are refused', async (_what, change) => {
    const path = subject.target();
    const client = await subject.raw();
    const before = subject.backend.calls.length;
    client.sendHeaders(1, change(fieldsOf(path)), flags);
    const verdict = await verdictOf(client, 1);
    expectRefused(verdict);
    expect(subject.backend.calls.slice(before).map(({ head }) => head.line)).toEqual([]);
    await expectOthersServed(client, verdict);
  });

  it.each([
    ['CR LF', 'a\r\nx-evil: 1'],
    ['LF', 'a\nx-evil: 1'],
    ['CR', 'a\rx-evil: 1'],
    ['NUL', 'a\0b'],
    ['CR LF at its end', 'a\r\n'],
    ['two line ends and a request', 'a\r\n\r\nGET /ws/evil HTTP/1.1\r\nhost: a\r\n\r\n'],
  ])(
    'with %s in a value are refused, or come without that header (§8.2.1, S13, CVE-2026-1527)',
    async (_what, value) => {
      const path = subject.target();
      const client = await subject.raw();
      client.sendHeaders(1, [...fieldsOf(path), ['x-value', value]], flags);
      const outcome = await subject.outcomeOf(client, 1, path);
      if ('head' in outcome) {
        expect(outcome.head.get('x-evil')).toBeUndefined();
        expect(outcome.head.get('x-value')).toBeUndefined();
        expect(outcome.connection.unread.toString()).toBe('');
      } else expectRefused(outcome);
      expect(subject.backend.has('/ws/evil')).toBe(false);
    },
  );

  it.each([
    ['empty', ''],
    ['with a blank', 'x a'],
    ['with a colon', 'x:a'],
    ['with a line end', 'x\r\nx-evil'],
    ['with a NUL', 'x\0a'],
    ['beyond ASCII', 'x-\u00e4'],
  ])('with a name that is %s are refused, or come without that header (§8.2.1, S13)', async (_what, name) => {
    const path = subject.target();
    const client = await subject.raw();
    client.sendHeaders(1, [...fieldsOf(path), [name, 'smuggled'], ['x-last', '1']], flags);
    const outcome = await subject.outcomeOf(client, 1, path);
    if ('head' in outcome) {
      expect(outcome.head.headers.filter(([, value]) => value === 'smuggled')).toEqual([]);
      expect(outcome.head.get('x-evil')).toBeUndefined();
      expect(outcome.head.get('x-last')).toBe('1');
    } else expectRefused(outcome);
  });

  it.each([' a', 'a ', '\ta', 'a\t'])(
    'with blanks around a value (%j) are refused or come without them (§8.2.1)',
    async (value) => {
      const path = subject.target();
      const client = await subject.raw();
      client.sendHeaders(1, [...fieldsOf(path), ['x-value', value]], flags);
      const outcome = await subject.outcomeOf(client, 1, path);
      if ('head' in outcome) expect(['a', undefined]).toContain(outcome.head.get('x-value'));
      else expectRefused(outcome);
      expect(subject.backend.has('/ws/evil')).toBe(false);
    },
  );
});

describe('the body of a request (RFC 9113 §8.1.1)', () => {
  const post = (path: string, length: string): Fields =>
    set(':method', 'POST')(getFields(path, [['content-length', length]]));

  it.each([
    ['shorter than its Content-Length', '10', ['12345'], true],
    ['longer than its Content-Length', '3', ['12345'], true],
    ['longer, in a second frame', '5', ['12345', 'GET /ws/evil HTTP/1.1\r\nHost: a\r\n\r\n'], true],
    ['not empty though Content-Length says so', '0', ['12345'], true],
  ])('%s never becomes a whole request', async (_what, length, parts) => {
    const path = subject.target();
    const client = await subject.raw();
    client.sendHeaders(1, post(path, length));
    parts.forEach((part, i) => client.sendData(1, Buffer.from(part), i === parts.length - 1 ? H2_FLAG.endStream : 0));
    const verdict = await verdictOf(client, 1);
    expectRefused(verdict);
    if (subject.backend.has(path)) {
      const { connection } = await subject.backend.call(path);
      const sent = await connection.readToEnd();
      expect(sent.length).toBeLessThan(Number(length) || 1);
    }
    expect(subject.backend.has('/ws/evil')).toBe(false);
    await expectOthersServed(client, verdict);
  });

  it('of no bytes, though HEADERS ended the stream and announced some, is refused', async () => {
    const path = subject.target();
    const client = await subject.raw();
    client.sendHeaders(1, post(path, '5'), H2_FLAG.endStream);
    expectRefused(await verdictOf(client, 1));
    expect(subject.backend.has(path)).toBe(false);
  });

  it('behind END_STREAM reaches nobody: STREAM_CLOSED (§5.1)', async () => {
    const path = subject.target();
    const client = await subject.raw();
    client.sendHeaders(1, getFields(path), H2_FLAG.endStream);
    const { connection } = await subject.backend.call(path);
    client.sendData(1, Buffer.from('GET /ws/evil HTTP/1.1\r\nHost: a\r\n\r\n'));
    expectRefused(await verdictOf(client, 1));
    // Where the client's connection stays, so does the backend's, until a PING is not answered.
    if (LEAVES_BROKEN_CONNECTIONS) expect(connection.unread.toString()).toBe('');
    else expect((await connection.readToEnd()).toString()).toBe('');
    expect(subject.backend.has('/ws/evil')).toBe(false);
    await subject.servesOthers();
  });
});

describe('frames that break RFC 9113', () => {
  const uint32 = (value: number): Buffer => Buffer.from([value >>> 24, value >> 16, value >> 8, value]);
  it.each<[string, (client: RawHttp2) => void]>([
    ['DATA on stream 0 (§6.1)', (client) => client.sendData(0, Buffer.from('x'))],
    ['DATA on a stream that nobody opened (§5.1)', (client) => client.sendData(7, Buffer.from('x'))],
    ['HEADERS on stream 0 (§6.2)', (client) => client.sendHeaders(0, getFields('/ws/evil'))],
    ['HEADERS on an even stream (§5.1.1)', (client) => client.sendHeaders(2, getFields('/ws/evil'), 1)],
    ['RST_STREAM on an idle stream (§6.4)', (client) => client.resetStream(9, H2_CODE.cancel)],
    ['WINDOW_UPDATE of 0 on the connection (§6.9)', (client) => client.sendWindow(0, 0)],
    ['a connection window beyond 2^31-1 (§6.9.1)', (client) => client.sendWindow(0, 0x7fff_ffff)],
    ['CONTINUATION without HEADERS (§6.10)', (client) => client.sendHttp2(H2.continuation, 4, 1)],
    ['PUSH_PROMISE of a client (§8.4)', (client) => client.sendHttp2(H2.push, 4, 1, uint32(2))],
    ['SETTINGS on a stream (§6.5)', (client) => client.sendHttp2(H2.settings, 0, 1)],
    ['SETTINGS of 5 bytes (§6.5)', (client) => client.sendHttp2(H2.settings, 0, 0, Buffer.alloc(5))],
    ['SETTINGS ACK with a payload (§6.5)', (client) => client.sendHttp2(H2.settings, 1, 0, Buffer.alloc(6))],
    [
      'a window of 2^32-1 by SETTINGS (§6.5.2)',
      (client) => client.sendHttp2(H2.settings, 0, 0, Buffer.from([0, 4, 255, 255, 255, 255])),
    ],
    ['PING of 7 bytes (§6.7)', (client) => client.sendHttp2(H2.ping, 0, 0, Buffer.alloc(7))],
    ['GOAWAY on a stream (§6.8)', (client) => client.sendHttp2(H2.goaway, 0, 1, Buffer.alloc(8))],
    [
      'a frame larger than SETTINGS_MAX_FRAME_SIZE (§4.2)',
      (client) => client.sendHttp2(H2.ping, 0, 0, Buffer.alloc(20_000)),
    ],
    [
      'an index that HPACK does not know (RFC 7541 §2.3.3)',
      (client) => client.sendHttp2(H2.headers, 5, 1, Buffer.from([0xff, 0x80, 0x01])),
    ],
    [
      'a field block that ends in a field (RFC 7541 §5)',
      (client) => client.sendHttp2(H2.headers, 5, 1, Buffer.from([0, 5, 97])),
    ],
    [
      'a stream in the middle of another head (§6.10)',
      (client) => {
        client.sendHttp2(H2.headers, 0, 1, Buffer.from([0x82]));
        client.sendHeaders(3, getFields('/ws/evil'), 1);
      },
    ],
  ])('%s end the connection with GOAWAY', async (_what, send) => {
    const client = await subject.raw();
    send(client);
    const { goaway } = await verdictOf(client, -1);
    expect(goaway).not.toBe(H2_CODE.noError);
    if (!LEAVES_BROKEN_CONNECTIONS) await client.readToEnd();
    client.destroy();
    expect(subject.backend.has('/ws/evil')).toBe(false);
  });

  it.each<[string, (client: RawHttp2) => void]>([
    ['a type that nobody knows', (client) => client.sendHttp2(0xee, 0xff, 0, Buffer.from('what'))],
    [
      'a setting that nobody knows',
      (client) => client.sendHttp2(H2.settings, 0, 0, Buffer.from([0x77, 0x77, 0, 0, 0, 1])),
    ],
    ['PRIORITY', (client) => client.sendHttp2(H2.priority, 0, 5, Buffer.from([0, 0, 0, 0, 16]))],
  ])('%s are ignored (§5.5, §6.5.2)', async (_what, send) => {
    const client = await subject.raw();
    send(client);
    await expectOthersServed(client, {});
    await subject.servesOthers();
    expect(client.frames.some(({ type }) => type === H2.goaway)).toBe(false);
  });
});

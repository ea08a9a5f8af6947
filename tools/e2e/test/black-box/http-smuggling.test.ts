// Attack: a request that the gateway and the backend (or whoever stands before the gateway) would read differently.
// Action: a client sends such heads and bodies byte for byte, often with a second request hidden behind or inside.
// Expected: refused with one answer and the end of the connection, or forwarded in a form that can be read in one way.
import { describe, expect, it } from 'vitest';

import { httpStand } from './http-stand.js';
import { dechunked } from './recording-backend.js';

const subject = httpStand();

/** The request that must never be understood. */
const hidden = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: gateway.test\r\nX-Hidden: 1\r\n\r\n`;

const post = (target: string, lines: string, body = ''): string =>
  `POST ${target} HTTP/1.1\r\nHost: gateway.test\r\n${lines}\r\n\r\n${body}`;

const CHUNKED_HELLO = '5\r\nhello\r\n0\r\n\r\n';

describe('a request whose framing can be read in two ways (RFC 9112 §6.3)', () => {
  it.each([
    ['Content-Length and Transfer-Encoding (§6.3)', 'Content-Length: 4\r\nTransfer-Encoding: chunked'],
    ['Transfer-Encoding and Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 4'],
    ['Content-Length: 0 and Transfer-Encoding', 'Content-Length: 0\r\nTransfer-Encoding: chunked'],
    ['Transfer-Encoding: xchunked', 'Transfer-Encoding: xchunked'],
    ['Transfer-Encoding: chunked, identity', 'Transfer-Encoding: chunked, identity'],
    ['Transfer-Encoding: identity, chunked', 'Transfer-Encoding: identity, chunked'],
    ['Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: gzip, chunked'],
    ['Transfer-Encoding: chunked, chunked (§6.1)', 'Transfer-Encoding: chunked, chunked'],
    ['Transfer-Encoding: gzip', 'Transfer-Encoding: gzip'],
    ['Transfer-Encoding: identity beside a length', 'Transfer-Encoding: identity\r\nContent-Length: 4'],
    ['a quoted coding', 'Transfer-Encoding: "chunked"'],
    ['a coding with parameters', 'Transfer-Encoding: chunked;a=b'],
    ['two lines of Transfer-Encoding', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'],
    ['an unknown coding on a second line', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: x'],
    ['no coding beside a length', 'Transfer-Encoding:\r\nContent-Length: 4'],
    ['a vertical tab before a coding', 'Transfer-Encoding: \x0bchunked'],
    ['a vertical tab in the name', 'Transfer-Encoding\x0b: chunked'],
    ['a blank before the colon (§5.1)', 'Transfer-Encoding : chunked'],
    ['a tab before the colon', 'Transfer-Encoding\t: chunked'],
    ['a blank before the name', ' Transfer-Encoding: chunked'],
    ['a blank before the colon of Content-Length', 'Content-Length : 4'],
    ['two lengths that differ (RFC 9110 §8.6)', 'Content-Length: 4\r\nContent-Length: 5'],
    ['the same length twice', 'Content-Length: 4\r\nContent-Length: 4'],
    ['a list of lengths', 'Content-Length: 4, 4'],
    ['a negative length', 'Content-Length: -4'],
    ['a length with a sign', 'Content-Length: +4'],
    ['a hexadecimal length', 'Content-Length: 0x4'],
    ['a length with an exponent', 'Content-Length: 4e0'],
    ['a length with a blank in it', 'Content-Length: 4 4'],
    ['an empty length', 'Content-Length:'],
    ['a length that no number holds', 'Content-Length: 99999999999999999999999'],
    ['a folded line (§5.2)', 'X-A: a\r\n b\r\nContent-Length: 4'],
    ['a folded Transfer-Encoding', 'Transfer-Encoding:\r\n chunked'],
    ['a bare LF within the head (§2.2)', 'X-A: a\nContent-Length: 4'],
    ['a bare CR in a value', 'X-A: a\rContent-Length: 4'],
    ['a NUL in a value', 'X-A: a\0b'],
    ['a NUL in a name', 'X-\0A: a'],
    ['a blank in a name', 'X A: a'],
    ['no name', ': a'],
    ['a line without a colon', 'nonsense'],
    ['a control character in a value', 'X-A: \x01'],
  ])('is refused once, and nothing behind it is parsed: %s', async (_what, lines) => {
    const [target, secret] = [subject.target(), subject.target()];
    const { statuses } = await subject.exchange(post(target, lines, hidden(secret)));
    expect(statuses).toHaveLength(1);
    expect([400, 413, 501]).toContain(statuses[0]);
    expect(subject.backend.saw(target)).toBe(false);
    expect(subject.backend.saw(secret)).toBe(false);
  });

  it('is refused when HTTP/1.0 announces chunks (§6.1)', async () => {
    const target = subject.target();
    const bytes = post(target, 'Transfer-Encoding: chunked', CHUNKED_HELLO).replace('HTTP/1.1', 'HTTP/1.0');
    expect((await subject.exchange(bytes)).statuses).toEqual([400]);
    expect(subject.backend.saw(target)).toBe(false);
  });
});

describe('a chunked body that breaks its own rules (RFC 9112 §7.1, RFC 9110 §6.5.1)', () => {
  it.each([
    ['a size with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['a negative size', '-5\r\nhello\r\n0\r\n\r\n'],
    ['a size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
    ['a size with a blank before it', ' 5\r\nhello\r\n0\r\n\r\n'],
    ['no size', '\r\nhello\r\n0\r\n\r\n'],
    ['a size that no number holds', 'FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n'],
    ['a size that ends in a bare LF', '5\nhello\r\n0\r\n\r\n'],
    ['a chunk that ends in a bare LF', '5\r\nhello\n0\r\n\r\n'],
    ['a chunk longer than its size', '5\r\nhello!\r\n0\r\n\r\n'],
    ['a last chunk that ends in a bare LF', '5\r\nhello\r\n0\n\r\n'],
    ['a bare LF in a chunk extension', '5;a\nhello\r\n0\r\n\r\n'],
    ['Content-Length as a trailer', '5\r\nhello\r\n0\r\nContent-Length: 99\r\n\r\n'],
    ['Transfer-Encoding as a trailer', '5\r\nhello\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n'],
    ['a folded trailer', '5\r\nhello\r\n0\r\nX-A: a\r\n b\r\n\r\n'],
  ])('never becomes a whole request: %s', async (_what, body) => {
    const [target, secret] = [subject.target(), subject.target()];
    const { statuses } = await subject.exchange(post(target, 'Transfer-Encoding: chunked', body + hidden(secret)));
    expect(statuses.filter((status) => status < 400)).toEqual([]);
    expect(statuses.length).toBeLessThanOrEqual(1);
    expect(subject.backend.saw(secret)).toBe(false);
    if (!subject.backend.saw(target)) return;
    expect((await subject.backend.recording(target)).isWhole).toBe(false);
  });

  it.each([
    ['in chunks', 'Transfer-Encoding: chunked', '5\r\nhel'],
    ['with a length', 'Content-Length: 5', 'hel'],
  ])('never becomes whole when the client leaves in its midst: %s', async (_how, lines, body) => {
    const target = subject.target();
    const client = await subject.connect();
    client.send(post(target, lines, body));
    await subject.backend.recording(target);
    client.end();
    expect((await client.readToEnd()).toString('latin1')).not.toContain(' 200 ');
    const { isWhole } = await subject.backend.recording(target);
    expect(isWhole).toBe(false);
  });
});

describe('a body that can be read in one way', () => {
  it.each([
    ['chunk extensions', '5;a=b;c="d"\r\nhello\r\n1;x\r\n!\r\n0;y\r\n\r\n', 'hello!'],
    ['sizes in capital letters and with zeros before them', '00A\r\n0123456789\r\n0000\r\n\r\n', '0123456789'],
    ['many small chunks', `${'1\r\nx\r\n'.repeat(200)}0\r\n\r\n`, 'x'.repeat(200)],
  ])('is forwarded in chunks of our own: %s', async (_what, body, content) => {
    const target = subject.target();
    const { statuses } = await subject.exchange(post(target, 'Transfer-Encoding: Chunked\r\nConnection: close', body));
    expect(statuses).toEqual([200]);
    const { head, body: sent } = await subject.backend.recording(target);
    expect(head.all('transfer-encoding')).toEqual(['chunked']);
    expect(head.all('content-length')).toEqual([]);
    expect(dechunked(sent).content).toBe(content);
  });

  it('keeps trailers out of the head, whatever their names (RFC 9110 §6.5.1)', async () => {
    const target = subject.target();
    const names = ['Host: evil.test', 'X-Forwarded-For: 192.0.2.1', 'Authorization: none', 'Cookie: a=b'];
    const trailers = [...names, 'X-Checksum: 1'].join('\r\n');
    const body = `5\r\nhello\r\n0\r\n${trailers}\r\n\r\n`;
    await subject.exchange(
      post(target, 'Transfer-Encoding: chunked\r\nTrailer: X-Checksum\r\nConnection: close', body),
    );
    const { head, body: sent } = await subject.backend.recording(target);
    expect(head.all('content-length')).toEqual([]);
    expect(head.all('transfer-encoding')).toEqual(['chunked']);
    expect(head.all('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(head.get('x-checksum')).toBeUndefined();
    expect(dechunked(sent).trailers).not.toMatch(/host|forwarded|authorization|cookie/i);
  });

  it.each([
    ['Content-Length', 'Content-Length: 5', 'hello'],
    ['Transfer-Encoding', 'Transfer-Encoding: chunked', CHUNKED_HELLO],
  ])('keeps its framing though Connection names %s (RFC 9110 §7.6.1)', async (name, lines, body) => {
    const [target, secret] = [subject.target(), subject.target()];
    const { statuses } = await subject.exchange(
      post(target, `Connection: close, ${name}, Host\r\n${lines}`, body + hidden(secret)),
    );
    expect(statuses).toEqual([200]);
    const { head, body: sent } = await subject.backend.recording(target);
    const content = head.get('transfer-encoding') === 'chunked' ? dechunked(sent).content : sent;
    expect(content).toBe('hello');
    expect(head.get('host')).toBeDefined();
    expect(subject.backend.saw(secret)).toBe(false);
  });

  it('of GET stays a body, and is no second request', async () => {
    const [target, secret] = [subject.target(), subject.target()];
    const body = hidden(secret);
    const bytes = post(target, `Content-Length: ${body.length}\r\nConnection: close`, body).replace('POST', 'GET');
    await subject.exchange(bytes);
    const { head, body: sent } = await subject.backend.recording(target);
    expect(head.get('content-length')).toBe(String(body.length));
    expect(sent).toBe(body);
  });
});

describe('a request inside the body, or behind the end, of one that is refused (S11)', () => {
  it.each([
    ['no route', '/nowhere/1-', 404],
    ['a blocked client', '/blocked/1-', 403],
    ['a body that is too large', '/small/1-', 413],
  ])('is not parsed: %s', async (_what, target, status) => {
    for (const isChunked of [false, true]) {
      const secret = subject.target();
      const body = hidden(secret);
      const lines = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
      const framed = isChunked ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
      const { statuses } = await subject.exchange(post(target, `${lines}\r\nConnection: close`, framed));
      expect(statuses).toEqual([status]);
      expect(subject.backend.saw(secret)).toBe(false);
    }
  });

  it('is not parsed when its length is a lie and the answer came first', async () => {
    const secret = subject.target();
    const client = await subject.connect();
    client.send(post('/nowhere/1-', 'Content-Length: 100000'));
    expect((await client.readHead()).status).toBe(404);
    client.send(hidden(secret));
    client.end();
    await client.readToEnd();
    expect(subject.backend.saw(secret)).toBe(false);
  });
});

describe('pipelined requests (RFC 9112 §9.3.2)', () => {
  it('are answered in their order, each by what it asked for', async () => {
    const targets = [subject.target(), subject.target(), subject.target()];
    const bytes = targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: gateway.test\r\n\r\n`).join('');
    const { statuses } = await subject.exchange(
      `${bytes}GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    expect(statuses).toEqual([200, 200, 200, 404]);
    for (const target of targets) expect((await subject.backend.recording(target)).text).not.toContain('nowhere');
  });

  it('end with one that is no HTTP, answered in its turn', async () => {
    const [target, secret] = [subject.target(), subject.target()];
    const first = `GET ${target} HTTP/1.1\r\nHost: gateway.test\r\n\r\n`;
    const { statuses } = await subject.exchange(`${first}NONSENSE\r\n\r\n${hidden(secret)}`);
    expect(statuses).toEqual([200, 400]);
    expect(subject.backend.saw(secret)).toBe(false);
  });
});

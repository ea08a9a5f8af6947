import { isGatewayError } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { MAX_HEAD_BYTES, MAX_HEADER_COUNT, ResponseHeadReader } from '../../src/handshake/response-head.js';

const HEAD = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n';

const faultOf = (text: string): unknown => {
  try {
    const answer = new ResponseHeadReader().push(Buffer.from(text, 'latin1'));
    return answer === undefined ? 'incomplete' : answer.head.status;
  } catch (error) {
    return isGatewayError(error) ? `${error.code}: ${String(error.details['fault'])}` : error;
  }
};

describe('ResponseHeadReader', () => {
  it('reads the same head and rest wherever the bytes are cut, at every offset around the blank line', () => {
    const bytes = Buffer.from(`${HEAD}\x81\x02hi`, 'latin1');
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = new ResponseHeadReader();
      const first = reader.push(bytes.subarray(0, cut));
      const answer = first ?? reader.push(bytes.subarray(cut));
      expect(answer?.head.status).toBe(101);
      expect(answer?.head.rawHeaders).toEqual(['Upgrade', 'websocket', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']);
      const rest = first === undefined ? answer?.rest : Buffer.concat([first.rest, bytes.subarray(cut)]);
      expect(rest?.toString('latin1')).toBe('\x81\x02hi');
    }
  });

  it('reads a head that comes byte by byte', () => {
    const reader = new ResponseHeadReader();
    const answers = [...Buffer.from(HEAD)].map((byte) => reader.push(Buffer.from([byte])));
    expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1);
    expect(answers.at(-1)?.head.status).toBe(101);
  });

  it('skips interim answers before the final one (RFC 9110 §15.2)', () => {
    expect(faultOf(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${HEAD}`)).toBe(101);
  });

  it('gives up on a backend that sends nothing but interim answers', () => {
    expect(faultOf('HTTP/1.1 100 Continue\r\n\r\n'.repeat(20))).toMatch(/without end/);
  });

  it('accepts a status line without a reason, and bytes above ASCII in values', () => {
    expect(faultOf('HTTP/1.1 204 \r\nX: \xe4\r\n\r\n')).toBe(204);
    expect(faultOf('HTTP/1.0 404\r\n\r\n')).toBe(404);
  });

  it('takes SP and HT off the ends of a value, and nothing else (RFC 9110 §5.6.3)', () => {
    const answer = new ResponseHeadReader().push(
      Buffer.from('HTTP/1.1 200 OK\r\nA: \t \xa0b\xa0 \t\r\n\r\n', 'latin1'),
    );
    expect(answer?.head.rawHeaders).toEqual(['A', '\xa0b\xa0']);
  });

  // Attack: 64 KiB of blanks that end in a byte which cannot stand there. No time is measured: a pattern that tries
  // each blank anew needs minutes for these.
  it('takes time in proportion to a value of blanks', () => {
    for (let i = 0; i < 20; i += 1) {
      expect(faultOf(`HTTP/1.1 200 OK\r\nA:${' '.repeat(MAX_HEAD_BYTES - 100)}\0\r\n\r\n`)).toMatch(/header line/);
    }
  });

  it('keeps what it holds when the buffer it was given is used again', () => {
    const reader = new ResponseHeadReader();
    const shared = Buffer.alloc(64);
    let answer: ReturnType<typeof reader.push>;
    for (let from = 0; from < HEAD.length; from += shared.length) {
      answer = reader.push(shared.subarray(0, shared.write(HEAD.slice(from, from + shared.length), 'latin1')));
      shared.fill(0);
    }
    expect(answer?.head.rawHeaders).toEqual(['Upgrade', 'websocket', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']);
  });

  it.each([
    ['another protocol at its first byte', 'S', /HTTP\/1/],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n', /HTTP\/1/],
    ['a bare LF', 'HTTP/1.1 200 OK\nA: b\n\n', /without CR/],
    ['a LF at the start of a line', 'HTTP/1.1 200 OK\r\n\n', /without CR/],
    ['a folded line (RFC 9112 §5.2)', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', /header line/],
    ['a blank before the colon (RFC 9112 §5.1)', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n', /header line/],
    ['NUL in a value', 'HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n', /header line/],
    ['CR in a value', 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n', /header line/],
    ['a line without a colon', 'HTTP/1.1 200 OK\r\nnothing\r\n\r\n', /header line/],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', /status line/],
    ['an interim answer in HTTP/1.0 (RFC 9110 §15.2)', `HTTP/1.0 100 Continue\r\n\r\n${HEAD}`, /interim/],
    ['an interim answer with a body', `HTTP/1.1 103 X\r\nContent-Length: 9\r\n\r\n${HEAD}`, /interim/],
    ['an interim answer that is the last', `HTTP/1.1 100 X\r\nConnection: close\r\n\r\n${HEAD}`, /interim/],
    ['too many headers', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(MAX_HEADER_COUNT + 1)}\r\n`, /headers/],
    ['a head without end', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(MAX_HEAD_BYTES)}`, /bytes/],
  ])('refuses %s', (_, text, fault) => {
    expect(faultOf(text)).toMatch(/^OCELOT_ERR_BACKEND_HANDSHAKE_INVALID/);
    expect(faultOf(text)).toMatch(fault);
  });
});

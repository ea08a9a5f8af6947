import type { IncomingMessage } from 'node:http';

import { parseHead, SAMPLE_KEY } from '@ocelot/test-support';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { type CutBytes, cutBytes } from './byte-arbitraries.js';
import { fuzz } from './fuzz.js';
import { firstEvent, requestStand, type RequestStand, settled } from './request-stand.js';

let stand: RequestStand;

beforeAll(async () => {
  stand = await requestStand();
});

afterAll(() => stand.close());

/** SP and HT only, and no pattern: seeds hold what makes patterns slow. */
function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (' \t'.includes(text[start] ?? 'x')) start += 1;
  while (end > start && ' \t'.includes(text[end - 1] ?? 'x')) end -= 1;
  return text.slice(start, end);
}

/** RFC 6455 §4.2.1, written apart from the product, on what Node's parser read. */
function isHandshake({ method, httpVersion, rawHeaders }: IncomingMessage): boolean {
  const lines = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    lines.set(name, [...(lines.get(name) ?? []), withoutBlanks(rawHeaders[i + 1] ?? '')]);
  }
  const list = (name: string): readonly string[] =>
    (lines.get(name) ?? []).flatMap((value) => value.split(',').map(withoutBlanks)).filter((element) => element !== '');
  const names = (name: string, token: string): boolean => list(name).some((one) => one.toLowerCase() === token);
  const isOnce = (name: string, value: RegExp): boolean =>
    lines.get(name)?.length === 1 && value.test(lines.get(name)?.[0] ?? '');
  const protocols = list('sec-websocket-protocol');
  return (
    method === 'GET' &&
    httpVersion === '1.1' &&
    isOnce('host', /^/) &&
    names('upgrade', 'websocket') &&
    names('connection', 'upgrade') &&
    isOnce('sec-websocket-version', /^13$/) &&
    isOnce('sec-websocket-key', /^[A-Za-z0-9+/]{22}==$/) &&
    !lines.has('transfer-encoding') &&
    (lines.get('content-length') ?? []).every((value) => /^0+$/.test(value)) &&
    new Set(protocols).size === protocols.length &&
    protocols.every((one) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(one)) &&
    (protocols.length > 0 || !lines.has('sec-websocket-protocol'))
  );
}

/** What the backend was sent is one head, in which nobody but the gateway spoke for this hop. */
function examineForwarded(text: string, request: IncomingMessage): void {
  const [requestLine = '', ...lines] = text.split('\r\n');
  expect(requestLine).toMatch(/^GET \/[\x21-\x7e]* HTTP\/1\.1$/);
  for (const line of lines) expect(line).toMatch(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*$/);
  const head = parseHead(text);
  expect(head.all('host')).toEqual([`127.0.0.1:${stand.backend.port}`]);
  expect(head.all('connection')).toEqual(['Upgrade']);
  expect(head.all('upgrade')).toEqual(['websocket']);
  expect(head.all('sec-websocket-version')).toEqual(['13']);
  expect(head.all('sec-websocket-key')).toEqual([request.headers['sec-websocket-key']]);
  const names = head.headers.map(([name]) => name.toLowerCase());
  for (const name of ['transfer-encoding', 'content-length', 'keep-alive', 'te', 'trailer', 'x_forwarded_for']) {
    expect(names).not.toContain(name);
  }
  expect(names.filter((name) => name === 'x-forwarded-for').length).toBeLessThanOrEqual(1);
}

async function check(input: CutBytes): Promise<void> {
  const first = await firstEvent({ bytes: input.bytes, cuts: [] });
  const before = stand.received.length;
  const client = stand.send(input);
  try {
    if (first.kind === 'nothing') {
      await settled();
      expect(client.unread.toString('latin1'), 'nothing is answered before the end of a head').toBe('');
      expect(stand.received).toHaveLength(before);
      return;
    }
    const head = await client.readHead();
    if (head.status === 101) {
      if (first.kind !== 'upgrade') throw new Error(`${first.kind} became a WebSocket`);
      expect(isHandshake(first.request), 'what is let in is a handshake').toBe(true);
      expect(stand.received).toHaveLength(before + 1);
      examineForwarded(stand.received.at(-1) ?? '', first.request);
      return;
    }
    const body = (await client.readToEnd()).toString('latin1');
    // What stands behind a request that is no upgrade is one more request, and Node's to judge.
    if (first.kind === 'upgrade') expect(body, 'one answer for all that was sent').not.toMatch(/HTTP\/1\.\d \d{3}/);
    expect(head.get('connection')).toMatch(/^close/);
    expect(stand.received, 'nothing reaches the backend').toHaveLength(before);
    if (first.kind !== 'upgrade') expect([400, first.kind === 'request' ? 426 : 400]).toContain(head.status);
    else if (isHandshake(first.request))
      expect(body, 'a handshake is refused for its target').toMatch(/target|Host|path/);
    else expect([400, 405, 426]).toContain(head.status);
  } finally {
    client.destroy();
  }
}

const REQUIRED = [
  'Host: g',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${SAMPLE_KEY}`,
];

const MORE = [
  'Connection: keep-alive, Upgrade',
  'Connection: Sec-WebSocket-Key, X-Forwarded-For',
  'Upgrade: h2c',
  'Upgrade: WebSocket, other',
  'Host: evil',
  'Host : g',
  'Sec-WebSocket-Version: 8',
  'Sec-WebSocket-Protocol: a, b',
  'Sec-WebSocket-Protocol: b,, a',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  'Content-Length: 0',
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding:\x0bchunked',
  'TE: trailers',
  'Trailer: X',
  'Keep-Alive: 5',
  'X-Forwarded-For: 1.2.3.4',
  'X_Forwarded_For: 1.2.3.4',
  'Cookie: a=\x80\xff',
  ' folded: line',
];

const requestLine = fc
  .tuple(
    fc.constantFrom('GET', 'GET', 'GET', 'GET', 'GET', 'POST', 'HEAD', 'get'),
    fc.constantFrom(
      '/a',
      '/a',
      '/a?b=%00',
      '//evil/a',
      '/a/../b',
      '/%2e%2e/b',
      'http://g/a',
      'http://evil/',
      '*',
      '/a#b',
      '/\\b',
    ),
    fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0'),
  )
  .map((parts) => parts.join(' '));

const behind = fc.constantFrom(
  '',
  '',
  'GET /admin HTTP/1.1\r\nHost: g\r\n\r\n',
  '0\r\n\r\nGET /admin HTTP/1.1\r\n',
  '\x81\x80abcd',
);

const requests = fc
  .record({
    first: requestLine,
    kept: fc.subarray(REQUIRED, { minLength: 3 }),
    isWhole: fc.boolean(),
    more: fc.array(fc.constantFrom(...MORE), { maxLength: 3 }),
    rest: behind,
  })
  .map(({ first, kept, isWhole, more, rest }) =>
    Buffer.from([first, ...(isWhole ? REQUIRED : kept), ...more, '', rest].join('\r\n'), 'latin1'),
  );

describe("the gateway's upgrades, behind Node's parser", () => {
  fuzz({ name: 'request-heads', inputs: cutBytes(requests), runs: 500, check });
});

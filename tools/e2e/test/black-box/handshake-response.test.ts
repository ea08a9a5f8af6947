// Situation: a client's handshake has reached the backend.
// Action: the backend answers it with a 101, right or wrong, alone or behind interim answers.
// Expected: only a 101 that RFC 6455 §4.1 allows opens the socket; of a wrong one nothing reaches the client but a 502.
import { acceptOf, SAMPLE_KEY, switchingHead, type RawHead } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { readRefusal, route, stand, type HeaderLines } from './stand.js';

const DEFLATE = 'permessage-deflate; client_max_window_bits';
const TELLTALE = 'backend-secret';

const subject = stand((port) => ({
  Routes: [
    route('/ws/{everything}', port),
    route('/short/{everything}', port, { Gateway: { HandshakeTimeoutMs: 700 } }),
  ],
}));

/** Sends what `answer` makes of the backend's handshake and gives the client's status, of a clean refusal. */
async function answeredWrongly(
  answer: (key: string, request: RawHead) => string,
  headers: HeaderLines = {},
): Promise<number> {
  const { client, connection, head } = await subject.ask('ws', headers);
  connection.send(answer(head.get('sec-websocket-key') ?? '', head));
  const refusal = await readRefusal(client);
  expect(JSON.stringify([refusal.head.headers, refusal.body])).not.toContain(TELLTALE);
  expect(refusal.head.get('sec-websocket-accept')).toBeUndefined();
  await connection.ended;
  return refusal.head.status;
}

const changed =
  (headers: HeaderLines) =>
  (key: string): string =>
    switchingHead(key, { 'Set-Cookie': TELLTALE, ...headers });

describe('a 101 that breaks the rules', () => {
  const wrong: Readonly<Record<string, HeaderLines>> = {
    'no Sec-WebSocket-Accept': { 'Sec-WebSocket-Accept': undefined },
    'an empty Sec-WebSocket-Accept': { 'Sec-WebSocket-Accept': '' },
    'the accept value of another key': { 'Sec-WebSocket-Accept': acceptOf('AAAAAAAAAAAAAAAAAAAAAA==') },
    'no Upgrade': { Upgrade: undefined },
    'another Upgrade': { Upgrade: 'h2c' },
    'a list of Upgrades': { Upgrade: 'websocket, h2c' },
    'no Connection': { Connection: undefined },
    'a Connection without upgrade': { Connection: 'keep-alive' },
    'a subprotocol that nobody offered': { 'Sec-WebSocket-Protocol': 'chat' },
    'an extension that nobody offered': { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
  };
  it.each(Object.entries(wrong))('is answered with 502 when it has %s (RFC 6455 §4.1)', async (_what, headers) => {
    expect(await answeredWrongly(changed(headers))).toBe(502);
  });

  it('is answered with 502 when a right and a wrong accept value stand side by side', async () => {
    expect(
      await answeredWrongly((key) =>
        changed({ 'Sec-WebSocket-Accept': [acceptOf(key), acceptOf(SAMPLE_KEY + key)] })(key),
      ),
    ).toBe(502);
  });

  it('is answered with 502 when the accept value has another case', async () => {
    expect(await answeredWrongly((key) => changed({ 'Sec-WebSocket-Accept': acceptOf(key).toLowerCase() })(key))).toBe(
      502,
    );
  });

  it.each([
    ['another than was offered', 'superchat'],
    ['in another case than was offered', 'Chat'],
    ['twice', ['chat', 'chat']],
    ['as a list', 'chat, v2.chat'],
  ])('is answered with 502 when it names a subprotocol %s (RFC 6455 §4.2.2)', async (_what, chosen) => {
    expect(
      await answeredWrongly(changed({ 'Sec-WebSocket-Protocol': chosen }), {
        'Sec-WebSocket-Protocol': 'v2.chat, chat',
      }),
    ).toBe(502);
  });

  it.each([
    ['an extension beside the offered one', 'permessage-deflate, x-unasked'],
    ['the offered extension twice', 'permessage-deflate, permessage-deflate'],
    ['another extension', 'x-webkit-deflate-frame'],
  ])('is answered with 502 when it accepts %s (RFC 6455 §9.1)', async (_what, accepted) => {
    expect(
      await answeredWrongly(changed({ 'Sec-WebSocket-Extensions': accepted }), { 'Sec-WebSocket-Extensions': DEFLATE }),
    ).toBe(502);
  });
});

describe('an answer that is no HTTP', () => {
  const broken: Readonly<Record<string, (key: string) => string>> = {
    'is a banner of another protocol': () => `SSH-2.0-${TELLTALE}\r\n\r\n`,
    'has another protocol in its status line': (key) => changed({})(key).replace('HTTP/1.1', 'ICAP/1.0'),
    'has a status of two digits': (key) => changed({})(key).replace(' 101 ', ' 10 '),
    'has a status of four digits': (key) => changed({})(key).replace(' 101 ', ' 1010 '),
    'has a header line without colon': (key) => changed({})(key).replace('\r\n\r\n', `\r\n${TELLTALE}\r\n\r\n`),
    'has a blank before a colon (RFC 9112 §5.1)': (key) => changed({})(key).replace('Set-Cookie:', 'Set-Cookie :'),
    'folds a line (RFC 9112 §5.2)': (key) => changed({})(key).replace('Set-Cookie:', 'Set-Cookie: a\r\n b'),
    'has a NUL in a value (RFC 9110 §5.5)': (key) => changed({ 'X-A': 'a\0b' })(key),
    'has a bare CR in a value (RFC 9112 §2.2)': (key) => changed({ 'X-A': 'a\rb' })(key),
    'has a header without a name': (key) => changed({})(key).replace('Set-Cookie:', ':'),
    'has a header of 300 KB': (key) => changed({ 'X-A': 'a'.repeat(300_000) })(key),
    'has 20,000 headers': (key) => changed({ 'X-A': Array.from({ length: 20_000 }, () => 'a') })(key),
  };
  it.each(Object.entries(broken))('is answered with 502 when it %s', async (_what, answer) => {
    expect(await answeredWrongly(answer)).toBe(502);
  });

  it('is answered with 502 or 504 when a line never ends', async () => {
    const { client, connection } = await subject.ask('short');
    connection.send(`HTTP/1.1 101 ${TELLTALE}`);
    expect((await readRefusal(client)).head.line).toMatch(/^HTTP\/1\.1 50[24] /);
  });
});

describe('a 101 that keeps to the rules', () => {
  it("carries the accept value of the client's own key, whatever key the backend saw (RFC 6455 §4.2.2)", async () => {
    const own = 'AQIDBAUGBwgJCgsMDQ4PEA==';
    const { response } = await subject.open({ headers: { 'Sec-WebSocket-Key': own } });
    expect(response.all('sec-websocket-accept')).toEqual([acceptOf(own)]);
    expect(response.all('upgrade').map((value) => value.toLowerCase())).toEqual(['websocket']);
    expect(response.all('connection').map((value) => value.toLowerCase())).toEqual(['upgrade']);
  });

  it('brings cookies and headers of the backend along, in order', async () => {
    const answer = { 'Set-Cookie': ['a=1; Path=/', 'b=2; HttpOnly'], 'X-Served-By': 'b1' };
    const { response } = await subject.open({ answer });
    expect(response.all('set-cookie')).toEqual(answer['Set-Cookie']);
    expect(response.get('x-served-by')).toBe('b1');
  });

  it('leaves out what belongs to the connection behind it (RFC 9110 §7.6.1)', async () => {
    const { response } = await subject.open({
      answer: {
        Connection: 'Upgrade, X-Hop, Keep-Alive',
        'X-Hop': 'private',
        'Keep-Alive': 'timeout=5',
        'Proxy-Connection': 'keep-alive',
      },
    });
    for (const name of ['x-hop', 'keep-alive', 'proxy-connection'])
      expect(response.get(name), `header ${name}`).toBeUndefined();
    expect(response.all('connection').map((value) => value.toLowerCase())).toEqual(['upgrade']);
  });

  it('never carries Content-Length or Transfer-Encoding on (RFC 9110 §8.6, RFC 9112 §6.1)', async () => {
    for (const line of ['Content-Length: 5', 'Transfer-Encoding: chunked']) {
      const { client, connection, head } = await subject.ask();
      connection.send(switchingHead(head.get('sec-websocket-key') ?? '').replace('\r\n\r\n', `\r\n${line}\r\n\r\n`));
      const response = await client.readHead();
      expect([101, 502]).toContain(response.status);
      if (response.status !== 101) continue;
      expect(response.get('content-length')).toBeUndefined();
      expect(response.get('transfer-encoding')).toBeUndefined();
    }
  });

  it.each([['upgrade'], ['Keep-Alive, UPGRADE'], [['keep-alive', 'upgrade']]])(
    'may write Connection as %s (RFC 6455 §4.1)',
    async (Connection) => {
      const { response } = await subject.open({ answer: { Connection, Upgrade: 'WebSocket' } });
      expect(response.status).toBe(101);
    },
  );

  it('may come without a reason phrase (RFC 9112 §4)', async () => {
    for (const line of ['HTTP/1.1 101 ', 'HTTP/1.1 101']) {
      const { client, connection, head } = await subject.ask();
      connection.send(
        switchingHead(head.get('sec-websocket-key') ?? '').replace('HTTP/1.1 101 Switching Protocols', line),
      );
      expect((await client.readHead()).status).toBe(101);
    }
  });

  it('brings the chosen subprotocol and extension to the client (RFC 6455 §4.2.2)', async () => {
    const { request, response } = await subject.open({
      headers: { 'Sec-WebSocket-Protocol': ['v2.chat, chat', 'graphql-ws'], 'Sec-WebSocket-Extensions': DEFLATE },
      answer: {
        'Sec-WebSocket-Protocol': 'graphql-ws',
        'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits=15',
      },
    });
    expect(request.all('sec-websocket-protocol').join(', ')).toBe('v2.chat, chat, graphql-ws');
    expect(request.all('sec-websocket-extensions').join(', ')).toBe(DEFLATE);
    expect(response.all('sec-websocket-protocol')).toEqual(['graphql-ws']);
    expect(response.all('sec-websocket-extensions')).toEqual(['permessage-deflate; client_max_window_bits=15']);
  });

  it('has 1,500 headers and none is lost', async () => {
    const many = Array.from({ length: 1500 }, (_, i) => String(i));
    const { client, connection, head } = await subject.ask();
    connection.send(switchingHead(head.get('sec-websocket-key') ?? '', { 'X-N': many }));
    const response = await client.readHead();
    // A limit on the count is a refusal; a part of the headers would be a lie.
    if (response.status === 101) expect(response.all('x-n')).toEqual(many);
    else expect(response.status).toBe(502);
  });
});

describe('interim answers before the 101', () => {
  const INTERIM = [
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 102 Processing\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n',
  ];
  it.each(INTERIM)('%j does not end the handshake (RFC 9110 §15.2)', async (interim) => {
    const { client, connection, head } = await subject.ask();
    connection.send(interim);
    connection.send(interim + switchingHead(head.get('sec-websocket-key') ?? ''));
    let response = await client.readHead();
    while (response.status !== 101) {
      expect(response.status, 'an interim answer').toBeLessThan(200);
      response = await client.readHead();
    }
  });

  it('a refusal may follow them as well', async () => {
    const { client, connection } = await subject.ask();
    connection.send(`${INTERIM.join('')}HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno`);
    let response = await client.readHead();
    while (response.status < 200) response = await client.readHead();
    expect(response.status).toBe(403);
    expect((await client.readBody(response)).toString()).toBe('no');
  });

  it('without end are cut off with 502 or 504', async () => {
    const { client, connection } = await subject.ask('short');
    const flood = setInterval(() => connection.send(INTERIM.join('').repeat(50)), 5);
    try {
      let response = await client.readHead();
      while (response.status < 200) response = await client.readHead();
      expect([502, 504]).toContain(response.status);
    } finally {
      clearInterval(flood);
    }
  });
});

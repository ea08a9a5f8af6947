// Situation: the backend speaks TLS, with a certificate that nobody signed.
// Action: WebSockets are opened through routes that trust it, that do not, and that meet no TLS at all.
// Expected: what is not trusted is refused with 502 before a byte of the request went out; what is trusted behaves as
// without TLS.
import { createHash, randomBytes } from 'node:crypto';
import { connect as connectTls } from 'node:tls';

import {
  closeFrame,
  echoBackend,
  encodeFrame,
  OPCODE,
  readClose,
  scriptedBackend,
  switchingHead,
  TEST_CERTIFICATE,
  upgradeHead,
  type EchoBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { afterAll, describe, expect, it } from 'vitest';

import { talk } from '../../src/talk.js';
import { readRefusal, route, stand } from './stand.js';
import { switchboard, type Switchboard } from './switchboard.js';

let echo: EchoBackend;
let secured: Switchboard;
let silent: ScriptedBackend;
const servernames: string[] = [];

const ANY = { DangerousAcceptAnyServerCertificateValidator: true };

const subject = stand(async (port) => {
  const tls = { ...TEST_CERTIFICATE };
  echo = await echoBackend({
    tls: {
      ...tls,
      SNICallback: (name, done) => {
        servernames.push(name);
        done(null);
      },
    },
  });
  secured = await switchboard({ tls });
  silent = await scriptedBackend();
  const named = [{ Host: 'localhost', Port: echo.port }];
  return {
    Routes: [
      route('/ws/{everything}', port),
      route('/strict/{everything}', echo.port, { DownstreamScheme: 'wss' }),
      route('/any/{everything}', echo.port, { ...ANY, DownstreamScheme: 'wss' }),
      route('/https/{everything}', echo.port, { ...ANY, DownstreamScheme: 'https' }),
      route('/named/{everything}', 0, { ...ANY, DownstreamScheme: 'wss', DownstreamHostAndPorts: named }),
      route('/secured/{everything}', secured.port, {
        ...ANY,
        DownstreamScheme: 'wss',
        Gateway: { CloseTimeoutMs: 400 },
      }),
      route('/no-tls/{everything}', port, { ...ANY, DownstreamScheme: 'wss', Gateway: { ConnectTimeoutMs: 500 } }),
      route('/plain/{everything}', secured.port, { DownstreamScheme: 'ws' }),
      route('/silent/{everything}', silent.port, {
        ...ANY,
        DownstreamScheme: 'wss',
        Gateway: { ConnectTimeoutMs: 400 },
      }),
    ],
  };
});

afterAll(async () => {
  await echo.close();
  await secured.close();
  await silent.close();
});

async function refusal(target: string): Promise<{ readonly status: number; readonly body: string }> {
  const client = await subject.connect();
  client.send(upgradeHead({ target }));
  const { head, body } = await readRefusal(client);
  return { status: head.status, body };
}

async function openSecured() {
  const target = subject.target('secured');
  const client = await subject.connect();
  client.send(upgradeHead({ target }));
  const { connection, head } = await secured.call(target);
  connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
  expect((await client.readHead()).status).toBe(101);
  return { client, backend: connection };
}

describe('a backend whose certificate nobody signed', () => {
  it('is refused with 502', async () => {
    const before = echo.requests.length;
    expect((await refusal('/strict/1')).status).toBe(502);
    expect(echo.requests).toHaveLength(before);
  });

  it.each(['any', 'https'])(
    'is accepted on a route of kind %s (Ocelot: DangerousAcceptAnyServerCertificateValidator)',
    async (kind) => {
      const client = await talk(`ws://${subject.gateway.authority}/${kind}/1`);
      const text = 'over TLS '.repeat(20_000);
      expect(await client.ask(text)).toBe(text);
      await client.close();
    },
  );

  it('is told its name, where it has one (RFC 6066 §3)', async () => {
    const client = await talk(`ws://${subject.gateway.authority}/named/1`);
    await client.close();
    expect(servernames).toContain('localhost');
    expect(
      servernames.filter((name) => /^[\d.:]+$/.test(name)),
      'no IP addresses',
    ).toEqual([]);
  });

  it('is named with its port in Host', async () => {
    const client = await talk(`ws://${subject.gateway.authority}/any/1`);
    await client.close();
    expect(echo.requests.at(-1)?.headers.host).toBe(`127.0.0.1:${echo.port}`);
  });
});

describe('a backend that is not what the route says', () => {
  it('speaks no TLS: 502 or 504', async () => {
    const answering = refusal('/no-tls/1');
    expect([502, 504]).toContain((await answering).status);
    expect(subject.backend.has('/no-tls/1')).toBe(false);
  });

  it('speaks TLS where none is expected: 502', async () => {
    expect((await refusal('/plain/1')).status).toBe(502);
  });

  it('never answers the TLS handshake: 504 after ConnectTimeoutMs', async () => {
    expect((await refusal('/silent/1')).status).toBe(504);
    expect(silent.connections.length).toBeGreaterThan(0);
  });
});

describe('a WebSocket to a TLS backend', () => {
  it('brings the early frame, in the record of the 101, along', async () => {
    const target = subject.target('secured');
    const client = await subject.connect();
    client.send(upgradeHead({ target }));
    const { connection, head } = await secured.call(target);
    const greeting = encodeFrame({ opcode: OPCODE.text, payload: 'welcome' });
    connection.send(Buffer.concat([Buffer.from(switchingHead(head.get('sec-websocket-key') ?? '')), greeting]));
    await client.readHead();
    expect((await client.readFrame()).payload.toString()).toBe('welcome');
  });

  it('delivers 8 MB to a client that reads late, then the Close', async () => {
    const { client, backend } = await openSecured();
    client.pause();
    const payload = randomBytes(8 * 1_048_576);
    backend.sendFrame({ opcode: OPCODE.binary, payload });
    backend.send(closeFrame(4000, 'all said'));
    await new Promise((resolve) => setTimeout(resolve, 150));
    client.resume();
    const received = await client.readFrame();
    expect(createHash('sha256').update(received.payload).digest('hex')).toBe(
      createHash('sha256').update(payload).digest('hex'),
    );
    expect(readClose(await client.readFrame())).toEqual({ code: 4000, reason: 'all said' });
    client.send(closeFrame(4000, '', true));
    expect((await client.readToEnd()).length).toBe(0);
  });

  it('tells the client 1014 when the backend vanishes', async () => {
    const { client, backend } = await openSecured();
    backend.destroy();
    expect(readClose(await client.readFrame()).code).toBe(1014);
  });

  it('tells the backend 1001 when the client vanishes', async () => {
    const { client, backend } = await openSecured();
    client.reset();
    expect(readClose(await backend.readFrame()).code).toBe(1001);
    backend.end();
  });

  it('passes a relayed refusal as it is', async () => {
    const target = subject.target('secured');
    const client = await subject.connect();
    client.send(upgradeHead({ target }));
    const { connection } = await secured.call(target);
    connection.send('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n');
    const head = await client.readHead();
    expect([head.status, (await client.readBody(head)).toString()]).toEqual([403, 'no']);
  });
});

describe('TLS spoken to the port of the gateway, which speaks none', () => {
  it('ends the connection and harms nobody', async () => {
    const failed = await new Promise<boolean>((resolve) => {
      const socket = connectTls({ port: subject.gateway.port, host: '127.0.0.1', rejectUnauthorized: false });
      socket.once('secureConnect', () => resolve(false));
      socket.once('error', () => resolve(true));
    });
    expect(failed).toBe(true);
    expect((await subject.open()).response.status).toBe(101);
  });
});

// Situation: a TCP balancer that speaks the PROXY protocol stands in front of the gateway.
// Action: connections begin with a header of version 1 or 2, with none, or with nonsense; then HTTP and WebSockets.
// Expected: who was announced is the client everywhere, no byte behind the header is lost, and nobody else gets in.
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';

import {
  encodeFrame,
  Http2Client,
  OPCODE,
  RawClient,
  rawClient,
  switchingHead,
  TestAuthority,
  upgradeHead,
} from '@ocelot/test-support';
import { connect as connectHttp2 } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runOcelot, temporaryFolder, type RunningOcelot } from '../../src/run-ocelot.js';
import { route, stand } from './stand.js';
import { switchboard, type Switchboard } from './switchboard.js';

const LINE = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n';
/** Version 2, from 192.0.2.7:56324 to 198.51.100.1:443. */
const BINARY = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000207c6336401dc0401bb', 'hex');
const LOCAL = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');

const get = (target: string, ...headers: readonly string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: gateway.test', ...headers, '', ''].join('\r\n');

const subject = stand((port) => ({
  Routes: [
    route('/ws/{everything}', port),
    route('/blocked/{everything}', port, { SecurityOptions: { IPBlockedList: ['192.0.2.0/24'] } }),
    route('/one/{everything}', port, { Gateway: { MaxConnectionsPerIp: 1 } }),
  ],
  GlobalConfiguration: {
    Gateway: { ProxyProtocol: true, HeadersTimeoutMs: 1000, TrustedProxies: ['127.0.0.0/8', '198.51.100.0/24'] },
  },
}));

describe('a connection with a PROXY protocol header', () => {
  it.each([
    ['version 1', LINE],
    ['version 2', BINARY],
  ])('of %s opens a WebSocket for the announced client, early frames included', async (_version, header) => {
    const target = subject.target();
    const client = await subject.connect();
    const early = encodeFrame({ opcode: OPCODE.text, payload: 'early', mask: true });
    client.send(Buffer.concat([Buffer.from(header), Buffer.from(upgradeHead({ target })), early]));
    const { connection, head } = await subject.backend.call(target);
    expect(head.all('x-forwarded-for')).toEqual(['192.0.2.7']);
    connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
    expect((await client.readHead()).status).toBe(101);
    expect(String((await connection.readFrame()).payload)).toBe('early');
    const large = 'x'.repeat(300_000);
    client.send(encodeFrame({ opcode: OPCODE.text, payload: large, mask: true }));
    connection.send(encodeFrame({ opcode: OPCODE.text, payload: large }));
    expect(String((await connection.readFrame()).payload)).toBe(large);
    expect(String((await client.readFrame()).payload)).toBe(large);
  });

  it('that comes byte by byte is read all the same', async () => {
    const target = subject.target();
    const client = await subject.connect();
    for (const byte of Buffer.concat([BINARY, Buffer.from('G')])) {
      client.send(Buffer.from([byte]));
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
    }
    client.send(get(target).slice(1));
    const { head } = await subject.backend.call(target);
    expect(head.all('x-forwarded-for')).toEqual(['192.0.2.7']);
  });

  it('tells who makes plain requests, for all requests of the connection', async () => {
    const client = await subject.connect();
    client.send(LINE);
    for (const target of [subject.target(), subject.target()]) {
      client.send(get(target, 'X-Forwarded-For: 203.0.113.1'));
      const { connection, head } = await subject.backend.call(target);
      expect(head.all('x-forwarded-for'), 'a client that is not trusted').toEqual(['192.0.2.7']);
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
      expect(String(await client.readBody(await client.readHead()))).toBe('ok');
    }
  });

  it('that says that the client spoke TLS has the backend know it', async () => {
    const target = subject.target();
    const client = await subject.connect();
    // Eight more bytes: PP2_TYPE_SSL, five bytes long, PP2_CLIENT_SSL.
    const header = Buffer.concat([BINARY, Buffer.from('2000050100000000', 'hex')]);
    header.writeUInt16BE(20, 14);
    client.send(Buffer.concat([header, Buffer.from(get(target))]));
    const { head } = await subject.backend.call(target);
    expect(head.get('x-forwarded-proto')).toBe('https');
  });

  it('has the announced address judged for X-Forwarded-For, not the balancer’s', async () => {
    const target = subject.target();
    const client = await subject.connect();
    client.send(LINE.replace('192.0.2.7', '198.51.100.9') + get(target, 'X-Forwarded-For: 203.0.113.1'));
    const { head } = await subject.backend.call(target);
    expect(head.all('x-forwarded-for')).toEqual(['203.0.113.1, 198.51.100.9']);
  });

  it('has IP lists see the announced client, and the real one of a LOCAL connection', async () => {
    for (const [header, status] of [
      [LINE, 403],
      [BINARY, 403],
    ] as const) {
      const client = await subject.connect();
      client.send(Buffer.concat([Buffer.from(header), Buffer.from(get('/blocked/1'))]));
      expect((await client.readHead()).status).toBe(status);
    }
    const target = subject.target('blocked');
    const client = await subject.connect();
    client.send(Buffer.concat([LOCAL, Buffer.from(get(target))]));
    const { head } = await subject.backend.call(target);
    expect(head.all('x-forwarded-for')).toEqual(['127.0.0.1']);
  });

  it('has limits per address count announced clients', async () => {
    const open = async (line: string): Promise<number> => {
      const target = subject.target('one');
      const client = await subject.connect();
      client.send(line + upgradeHead({ target }));
      void subject.backend
        .call(target)
        .then(({ connection, head }) => connection.send(switchingHead(head.get('sec-websocket-key') ?? '')))
        .catch(() => undefined);
      return (await client.readHead()).status;
    };
    expect(await open(LINE)).toBe(101);
    expect(await open(LINE.replace('192.0.2.7', '192.0.2.8'))).toBe(101);
    expect(await open(LINE)).toBe(429);
  });
});

describe('a connection without a PROXY protocol header', () => {
  it.each([
    ['that begins with a request', get('/ws/spoof')],
    ['that begins with nonsense', 'PROXY TCP4 here there 1 2\r\n'],
  ])('%s is cut, and nothing of it is served', async (_what, bytes) => {
    const calls = subject.backend.calls.length;
    const client = await subject.connect();
    client.send(bytes);
    expect(String(await client.readToEnd())).toBe('');
    expect(subject.backend.calls).toHaveLength(calls);
    await subject.gateway.log(({ msg, peer }) => String(msg).includes('ProxyProtocol') && peer === '127.0.0.1');
  });

  it('is cut when it says nothing for HeadersTimeoutMs', async () => {
    const client = await subject.connect();
    client.send('PROXY ');
    expect(String(await client.readToEnd())).toBe('');
  });
});

describe('TLS, HTTP/2 and workers behind a PROXY protocol header', () => {
  const authority = new TestAuthority();
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let backend: Switchboard;
  let gateway: RunningOcelot;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const { cert, key } = authority.issue({ names: ['localhost'] });
    await writeFile(join(folder.path, 'a.crt'), cert);
    await writeFile(join(folder.path, 'a.key'), key);
    backend = await switchboard();
    const Tls = { CertFile: join(folder.path, 'a.crt'), KeyFile: join(folder.path, 'a.key') };
    const GlobalConfiguration = { Gateway: { ProxyProtocol: true, TrustedProxies: ['127.0.0.1'], Tls } };
    gateway = await runOcelot(
      { Routes: [route('/ws/{everything}', backend.port)], GlobalConfiguration },
      { args: ['--workers', '2'] },
    );
  });
  afterAll(async () => {
    await backend.close();
    expect((await gateway.stop()).code).toBe(0);
    await folder.remove();
  });

  it('a TLS client is the announced one, its handshake coming in the packet of the header', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    // Held back until the first flight of TLS is there as well.
    socket.cork();
    socket.write(BINARY);
    const secured = connectTls({ socket, ca: authority.cert, servername: 'localhost' });
    setTimeout(() => socket.uncork(), 20);
    const client = new RawClient(secured);
    client.send(get('/ws/tls'));
    const { head } = await backend.call('/ws/tls');
    expect(head.get('x-forwarded-for')).toBe('192.0.2.7');
    expect(head.get('x-forwarded-proto')).toBe('https');
    client.destroy();
  });

  it('so is a client of HTTP/2', async () => {
    const plain = await rawClient(gateway.port);
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(LINE);
    const secured = connectTls({ socket, ca: authority.cert, servername: 'localhost', ALPNProtocols: ['h2'] });
    const client = new Http2Client(connectHttp2('https://localhost', { createConnection: () => secured }));
    const stream = client.session.request({ ':path': '/ws/h2' });
    stream.on('error', () => undefined);
    const { head } = await backend.call('/ws/h2');
    expect(head.get('x-forwarded-for')).toBe('192.0.2.7');
    client.destroy();
    plain.destroy();
  });
});

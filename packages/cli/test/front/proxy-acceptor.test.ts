import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

import { createGateway, readConfiguration } from '@ocelot/core';
import { type LogLine, MemoryLogger } from '@ocelot/core/testing';
import { eventually } from '@ocelot/test-support';
import { describe, expect, it, onTestFinished } from 'vitest';

import { proxyAcceptor } from '../../src/front/proxy-acceptor.js';
import { binaryHeader, extension, inet, inet6 } from './proxy-headers.js';

interface Stand {
  /** Connections that were handed on. */
  readonly accepted: readonly Socket[];
  readonly warnings: () => readonly LogLine[];
  /** Connects and sends pieces, one packet each. */
  readonly send: (...pieces: readonly (string | Buffer)[]) => Promise<Client>;
}

interface Client {
  readonly socket: Socket;
  /** Everything that comes until the connection is gone. */
  readonly text: Promise<string>;
}

async function stand(settings: object = {}, serve: (socket: Socket) => void = () => undefined): Promise<Stand> {
  const log = new MemoryLogger();
  const file = { Routes: [], GlobalConfiguration: { Gateway: { ProxyProtocol: true, ...settings } } };
  const gateway = await createGateway({ config: readConfiguration(file), log });
  const accepted: Socket[] = [];
  const accept = proxyAcceptor(gateway, (socket) => {
    accepted.push(socket);
    serve(socket);
  });
  const open: Socket[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.push(socket.on('error', () => undefined));
    accept(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
  });
  const { port } = server.address() as AddressInfo;
  return {
    accepted,
    warnings: () => log.lines.filter(({ level }) => level === 'warn'),
    send: async (...pieces) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      open.push(socket.on('error', () => undefined));
      let text = '';
      socket.setEncoding('latin1').on('data', (part: string) => (text += part));
      const whole = once(socket, 'close').then(() => text);
      await once(socket, 'connect');
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => {
          setTimeout(resolve, 2);
        });
      }
      return { socket, text: whole };
    },
  };
}

/** An HTTP server that is handed connections, and tells whom it sees. */
function teller(): (socket: Socket) => void {
  const server = createHttpServer((request, response) => {
    const { remoteAddress, remotePort } = request.socket;
    const tls = 'encrypted' in request.socket;
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => response.end(JSON.stringify({ path: request.url, remoteAddress, remotePort, tls, body })));
  });
  onTestFinished(() => server.closeAllConnections());
  return (socket) => void server.emit('connection', socket);
}

const LINE = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n';
const REQUEST = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody';

const told = async ({ text }: Client): Promise<unknown> => JSON.parse((await text).split('\r\n\r\n')[1] ?? '');
const seen = { path: '/a', remoteAddress: '192.0.2.7', remotePort: 56_324, tls: false, body: 'body' };

describe('proxyAcceptor', () => {
  it.each<[string, readonly (string | Buffer)[], object]>([
    ['at once with the request', [LINE + REQUEST], seen],
    ['before the request', [LINE, REQUEST], seen],
    ['in pieces', ['PR', 'OXY TCP4 192.0.2.7 198.51', '.100.1 56324 443\r', '\nPOST', REQUEST.slice(4)], seen],
    [
      'of version 2',
      [binaryHeader(0x21, 0x21, inet6('20010db8000000000000000000000007', 7)), REQUEST],
      { ...seen, remoteAddress: '2001:db8::7', remotePort: 7 },
    ],
    [
      'that says that the client spoke TLS',
      [binaryHeader(0x21, 0x11, inet('192.0.2.7', 7), extension(0x20, Buffer.from([1, 0, 0, 0, 0]))), REQUEST],
      { ...seen, remotePort: 7, tls: true },
    ],
  ])('shows the announced client as the peer, the header coming %s', async (_how, pieces, expected) => {
    const { send } = await stand({}, teller());
    expect(await told(await send(...pieces))).toEqual(expected);
  });

  it.each([
    ['LOCAL', binaryHeader(0x20, 0x00)],
    ['UNKNOWN', 'PROXY UNKNOWN\r\n'],
  ])('shows the real peer behind %s', async (_what, header) => {
    const { send } = await stand({}, teller());
    expect(await told(await send(header, REQUEST))).toMatchObject({ remoteAddress: '127.0.0.1', body: 'body' });
  });

  it('keeps every byte behind the header, also many at once and those of a client that sends no more', async () => {
    const { send } = await stand({}, teller());
    const body = 'x'.repeat(500_000);
    const client = await send(LINE + REQUEST.replace('4', '500000').replace(/body$/, body));
    const answer = told(client);
    client.socket.end();
    expect(await answer).toEqual({ ...seen, body });
  });

  it('hands nothing on before the header is whole', async () => {
    const { send, accepted } = await stand();
    const client = await send(LINE.slice(0, -1));
    expect(accepted).toEqual([]);
    client.socket.write('\n');
    await eventually(() => accepted.length === 1, 'the connection is handed on');
  });

  it.each([
    ['begins otherwise', 'GET / HTTP/1.1\r\n\r\n', 'it does not begin with a PROXY protocol header'],
    ['announces nonsense', 'PROXY TCP4 here there 1 2\r\n', 'its PROXY header holds no two addresses of TCP4'],
  ])('cuts a connection that %s, and says why', async (_how, bytes, reason) => {
    const { send, accepted, warnings } = await stand();
    const client = await send(bytes);
    expect(await client.text).toBe('');
    expect(accepted).toEqual([]);
    expect(warnings()).toMatchObject([{ fields: { times: 1, peer: '127.0.0.1', reason } }]);
  });

  it('cuts a connection whose header takes longer than HeadersTimeoutMs', async () => {
    const { send, warnings } = await stand({ HeadersTimeoutMs: 100 });
    await (
      await send('PROXY ')
    ).text;
    expect(warnings()).toMatchObject([{ fields: { reason: 'no whole PROXY header came within 100 ms' } }]);
  });

  it('cuts a connection that ends within its header', async () => {
    const { send, warnings } = await stand();
    const client = await send('PROXY ');
    client.socket.end();
    await client.text;
    expect(warnings()).toMatchObject([{ fields: { reason: 'it ended within its PROXY header' } }]);
  });

  it('says nothing of one that ends before its first byte: so do health checks', async () => {
    const { send, warnings } = await stand();
    const client = await send();
    client.socket.end();
    await client.text;
    expect(warnings()).toEqual([]);
  });

  it('cuts a peer outside TrustedProxies before it reads anything', async () => {
    const { send, accepted, warnings } = await stand({ TrustedProxies: ['10.0.0.0/8', 'unix:'] }, teller());
    await (
      await send(LINE + REQUEST)
    ).text;
    expect(accepted).toEqual([]);
    expect(warnings()).toMatchObject([{ fields: { peer: '127.0.0.1', reason: 'its peer is not in TrustedProxies' } }]);
  });

  it('lets a listed peer in', async () => {
    const { send } = await stand({ TrustedProxies: ['127.0.0.0/8'] }, teller());
    expect(await told(await send(LINE + REQUEST))).toEqual(seen);
  });

  it('writes one line of a flood', async () => {
    const { send, warnings } = await stand();
    for (let count = 0; count < 5; count += 1) await (await send('GET')).text;
    expect(warnings()).toHaveLength(1);
  });
});

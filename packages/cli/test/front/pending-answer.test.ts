import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

import { type Relay, createGateway, readConfiguration } from '@ocelot/core';
import { type LogLine, MemoryLogger } from '@ocelot/core/testing';
import { eventually } from '@ocelot/test-support';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';

import { http1Front } from '../../src/front/http1-front.js';
import { relayListeners } from '../../src/front/relay-listeners.js';

interface Stand {
  readonly client: Socket;
  /** Everything the client got. */
  readonly text: () => string;
  /** Requests that wait for an answer. */
  readonly requests: readonly { readonly request: IncomingMessage; readonly response: ServerResponse }[];
  readonly upgrades: readonly Duplex[];
  readonly lines: () => readonly LogLine[];
}

/** Relays that answer nothing by themselves, unless `answer` does when a request comes. */
async function stand(answer: (response: ServerResponse) => void = () => undefined): Promise<Stand> {
  const requests: { request: IncomingMessage; response: ServerResponse }[] = [];
  const upgrades: Duplex[] = [];
  const http: Relay = {
    kind: 'http',
    listener: () => (request: IncomingMessage, response: ServerResponse) => {
      request.on('error', () => undefined).resume();
      requests.push({ request, response });
      answer(response);
    },
  };
  const upgrade: Relay = {
    kind: 'upgrade',
    listener: () => (_request: IncomingMessage, socket: Duplex) => void upgrades.push(socket),
  };
  const plugins = [
    {
      name: 'silent',
      setup: (registry: { relay(relay: Relay): void }) => [http, upgrade].forEach((relay) => registry.relay(relay)),
    },
  ];
  const log = new MemoryLogger();
  const gateway = await createGateway({ config: readConfiguration({ Routes: [] }), log, plugins });
  const front = http1Front(gateway, relayListeners(gateway));
  const open: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.push(socket.on('error', () => undefined));
    front.serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  client.on('error', () => undefined).setEncoding('latin1');
  client.on('data', (part: string) => (text += part));
  onTestFinished(async () => {
    for (const socket of [...open, client]) socket.destroy();
    server.close();
    front.stop();
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
  });
  return { client, text: () => text, requests, upgrades, lines: () => log.lines };
}

const GET = 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n';
const UPGRADE =
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

const answered = async ({ requests }: Stand, index = 0): Promise<ServerResponse> =>
  eventually(() => requests[index]?.response, 'a request is served');

function closed({ client }: Stand): Promise<void> {
  return new Promise((resolve) => {
    client.once('close', () => resolve());
  });
}

describe('what is pipelined behind a request that is still being answered (RFC 9112 §9.3.2)', () => {
  it('is not upgraded before that answer is whole', async () => {
    const subject = await stand();
    subject.client.write(GET + UPGRADE);
    const response = await answered(subject);
    response.write('half');
    await eventually(() => subject.text().includes('half'), 'half of the answer is there');
    expect(subject.upgrades).toEqual([]);
    response.end('whole');
    const socket = await eventually(() => subject.upgrades[0], 'the upgrade is served');
    expect(socket).toMatchObject({ timeout: 0 });
    await eventually(() => subject.text().includes('whole'), 'the answer comes');
  });

  it('is not upgraded at all when the client resets the connection meanwhile', async () => {
    const subject = await stand();
    subject.client.write(GET + UPGRADE);
    const response = await answered(subject);
    subject.client.resetAndDestroy();
    await once(response, 'close');
    expect(subject.upgrades).toEqual([]);
  });

  it.each([
    ['no HTTP', 'NONSENSE\r\n\r\n', '400'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', '405'],
    ['a flood of headers', `GET / HTTP/1.1\r\nHost: a\r\n${'a:b\r\n'.repeat(1_001)}\r\n`, '431'],
  ])('is refused behind that answer when it is %s', async (_what, bytes, status) => {
    const subject = await stand();
    subject.client.write(GET + bytes + bytes);
    const response = await answered(subject);
    response.write('half');
    await eventually(() => subject.text().includes('half'), 'half of the answer is there');
    response.end('whole');
    await once(subject.client, 'close');
    const statuses = [...subject.text().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code);
    expect(statuses).toEqual(['200', status]);
    expect(subject.text().indexOf('whole')).toBeLessThan(subject.text().indexOf(`HTTP/1.1 ${status}`));
  });

  it('ends the connection when it is more than a hundred requests', async () => {
    const subject = await stand();
    const isClosed = closed(subject);
    subject.client.write(GET.repeat(501));
    await isClosed;
    expect(subject.requests.length).toBeLessThanOrEqual(101);
    expect(subject.lines().filter(({ level }) => level === 'warn')).toMatchObject([{ fields: { times: 1 } }]);
  });

  // Node 20 makes requests of them, which are counted; later versions refuse the first one in their parser.
  it('ends the connection, behind that answer at the latest, when it is floods of headers', async () => {
    const subject = await stand();
    const isClosed = closed(subject);
    subject.client.write(GET + `GET / HTTP/1.1\r\nHost: a\r\n${'a:b\r\n'.repeat(1_001)}\r\n`.repeat(500));
    (await answered(subject)).end('whole');
    await isClosed;
    expect(subject.requests.length).toBe(1);
  });

  it('may go on for ever when no more than a hundred requests wait at once', async () => {
    const subject = await stand((response) => void setImmediate(() => response.end('x')));
    for (let count = 1; count <= 6; count += 1) {
      subject.client.write(GET.repeat(50));
      await eventually(() => subject.text().match(/^x/gm)?.length === 50 * count || undefined, 'all are answered');
    }
    expect(subject.lines().filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it.each([
    ['a request', GET],
    ['an upgrade', UPGRADE],
  ])('is not served behind a refusal, which ends the connection, when it is %s (S11)', async (_what, bytes) => {
    const subject = await stand();
    subject.client.write(`GET / HTTP/2.0\r\nHost: a\r\n\r\n${bytes}`);
    subject.client.once('end', () => subject.client.end());
    await once(subject.client, 'close');
    expect(subject.text()).toMatch(/^HTTP\/1\.1 505 /);
    expect([subject.requests, subject.upgrades]).toEqual([[], []]);
  });

  it('is served in turn when it offers another upgrade', async () => {
    const subject = await stand();
    const probe = GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    subject.client.write(GET + probe);
    for (const index of [0, 1]) (await answered(subject, index)).end(`answer${index}`);
    await eventually(() => subject.text().includes('answer1'), 'both are answered');
    expect(subject.text().match(/answer\d/g)).toEqual(['answer0', 'answer1']);
  });

  it('is served, or the connection ends, when it comes behind the offer of another upgrade', async () => {
    const subject = await stand();
    const probe = GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    subject.client.write(probe + GET);
    const isClosed = once(subject.client, 'close').then(() => true);
    (await answered(subject)).end('answer0');
    const isServed = answered(subject, 1).then((response) => response.end('answer1') !== undefined);
    expect(await Promise.race([isServed, isClosed])).toBe(true);
    isServed.catch(() => undefined);
  });
});

describe('a fault in the body of a request that waits for it', () => {
  const UPLOAD = 'POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

  it('is answered with 400, and ends the connection and the request', async () => {
    const subject = await stand();
    subject.client.write(UPLOAD);
    await answered(subject);
    subject.client.write('xyz\r\n');
    await once(subject.client, 'close');
    expect(subject.text()).toMatch(/^HTTP\/1\.1 400 /);
    await eventually(() => subject.requests[0]?.response.closed, 'the request is over');
  });

  it('takes nothing away from an answer that is complete', async () => {
    const subject = await stand((response) => {
      response.writeHead(501, { 'Content-Length': 5, Connection: 'close' }).end('whole');
    });
    subject.client.write(`${UPLOAD}xyz\r\n`);
    await once(subject.client, 'close');
    expect(subject.text()).toMatch(/^HTTP\/1\.1 501 .*whole$/s);
  });

  it('cuts the connection when an answer has begun', async () => {
    const subject = await stand();
    subject.client.write(UPLOAD);
    (await answered(subject)).write('early');
    await eventually(() => subject.text().includes('early'), 'the answer has begun');
    subject.client.write('xyz\r\n');
    await once(subject.client, 'close');
    expect(subject.text().match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});

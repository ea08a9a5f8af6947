import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { collectLeaks, type LeakWatch } from '@ocelot/test-support';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { httpStand, type HttpStand, type HttpStandOptions } from './http-stand.js';

let leaks: LeakWatch;
let closers: (() => Promise<void>)[];

beforeEach(() => {
  leaks = collectLeaks();
  closers = [];
});

afterEach(async () => {
  for (const close of closers.toReversed()) await close();
  await leaks.verify();
});

async function gateway(ports: readonly number[], options: HttpStandOptions = {}): Promise<HttpStand> {
  const started = await httpStand(ports, options);
  closers.push(() => started.close());
  return started;
}

async function backend(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return (server.address() as AddressInfo).port;
}

describe('RelayedRequest', () => {
  it('passes a request and its answer', async () => {
    const port = await backend((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => response.end(`${request.method} ${request.url} ${body}`));
    });
    const stand = await gateway([port]);
    const client = await stand.client();
    client.send('GET /a/b?c=%20d HTTP/1.1\r\nHost: x\r\n\r\n');
    const head = await client.readHead();
    expect(head.line).toBe('HTTP/1.1 200 OK');
    expect((await client.readBody(head)).toString()).toBe('GET /a/b?c=%20d ');
    client.send('POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello');
    const second = await client.readHead();
    expect((await client.readBody(second)).toString()).toBe('POST /p hello');
    client.send('POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
    const third = await client.readHead();
    expect((await client.readBody(third)).toString()).toBe('POST /p abc');
    expect((await stand.event('request.finished', 2)).status).toBe(200);
  });
});

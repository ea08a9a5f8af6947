import { once } from 'node:events';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';

import { FakeClock } from '@ocelot/core/testing';
import { expect, it, onTestFinished } from 'vitest';

import { Http2Session } from '../../src/backend/http2-session.js';

/** A backend that answers /early at once, without waiting for the body, and lets any other answer go on. */
async function earlyBackend(): Promise<number> {
  const sessions: ServerHttp2Session[] = [];
  const server = createServer();
  server.on('session', (session) => void sessions.push(session.on('error', () => undefined)));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200 });
    if (headers[':path'] !== '/early') return;
    stream.end('too big');
    stream.once('finish', () => stream.close());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

// On Node 20 `session.destroy()` never returned here: a regression ends this test's process, not the test alone.
it('cuts what is under way, also behind an answer that came before the end of its request (RFC 9113 §8.1)', async () => {
  const subject = new Http2Session({
    address: { host: '127.0.0.1', port: await earlyBackend() },
    tls: undefined,
    isExact: true,
    connectMs: 5_000,
    keepAliveMs: 5_000,
    lifetimeMs: 0,
    tcpKeepAliveMs: 0,
    clock: new FakeClock(),
  });
  const session = await subject.take();
  if (session === undefined) throw new Error('no HTTP/2');
  const send = (path: string) => {
    const stream = session.request({ ':method': 'POST', ':path': path }, { endStream: false });
    return stream.on('error', () => undefined).resume();
  };
  const underWay = send('/on');
  await once(underWay, 'response');
  await once(send('/early'), 'close');
  const ended = once(underWay, 'close');
  subject.destroy();
  await ended;
  expect([underWay.destroyed, session.destroyed]).toEqual([true, true]);
});

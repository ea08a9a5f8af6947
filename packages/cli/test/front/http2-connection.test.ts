import { once } from 'node:events';

import { H2, H2_FLAG, OPCODE, type RawHttp2, eventually, rawHttp2, statusOf, within } from '@ocelot/test-support';
import { expect, it, onTestFinished, vi } from 'vitest';

import { authority, http2Session, secureGateway } from './secure-gateway.js';

const PROBE_MS = 20_000;

/** A connection whose client does nothing by itself, with a WebSocket open on stream 1. */
async function openRaw(port: number): Promise<RawHttp2> {
  const client = await rawHttp2(port, { tls: { ca: authority.cert, servername: 'localhost' } });
  onTestFinished(() => client.destroy());
  client.connect(1, '/echo', []);
  expect(statusOf(await client.read(H2.headers, 1))).toBe(200);
  return client;
}

/** The questions of the gateway wait for the test; its other timers do not. */
function fakeProbes(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
}

it('cuts a connection that leaves a PING unanswered, with its WebSockets (RFC 9113 §6.7, S17)', async () => {
  const { port, open } = await secureGateway();
  fakeProbes();
  const silent = await openRaw(port);
  const answering = await http2Session(port);
  const socket = answering.open({ path: '/echo', headers: { ':scheme': 'https' } });
  expect(await socket.status()).toBe(200);
  for (let round = 0; round < 2; round += 1) {
    expect(open.gateway.openSessions).toBe(2);
    const asked = once(answering.session, 'ping');
    vi.advanceTimersByTime(PROBE_MS);
    if (round === 0) await within(asked, 'a PING');
    socket.sendFrame({ opcode: OPCODE.text, payload: 'here', mask: true });
    expect((await socket.readFrame()).payload.toString()).toBe('here');
  }
  await within(silent.ended, 'the end of the connection');
  await eventually(() => open.gateway.openSessions === 1, 'its session is over');
});

// Attack: an error of the connection, after which Node 20 reads nothing any more, not even that the client left.
it('lets go of the WebSockets of a client that broke the protocol and left (RFC 9113 §5.4.1, S16)', async () => {
  const { port, open, backend } = await secureGateway();
  fakeProbes();
  const client = await openRaw(port);
  // More padding than there is frame (§6.1).
  client.sendHttp2(H2.data, H2_FLAG.padded, 1, Buffer.from([200, 1, 2]));
  await client.read(H2.goaway, 0);
  client.destroy();
  vi.advanceTimersByTime(PROBE_MS);
  vi.advanceTimersByTime(PROBE_MS);
  await eventually(() => open.gateway.openSessions === 0, 'its session is over');
  await eventually(() => backend.sockets.size === 0, 'its backend is left');
  expect(open.gateway.openSessions).toBe(0);
});

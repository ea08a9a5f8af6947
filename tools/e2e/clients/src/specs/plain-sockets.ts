import { randomBytes } from 'node:crypto';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Duplex } from 'node:stream';

import { decodeFrames, eventually, readClose, within, type Frame } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { echoServer } from '../echo-server.ts';
import { nextEvent } from '../events.ts';
import { PLAIN_CLIENTS, type PlainClient, type PlainSocket } from '../plain-clients.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';

const MEGABYTE = 1024 * 1024;

/** What the echo says first. */
async function greeting(socket: PlainSocket): Promise<{ readonly name: string; readonly url: string }> {
  return JSON.parse(String(await socket.next('the greeting'))) as { name: string; url: string };
}

/** What every client of RFC 6455 does, whatever language it is written in. */
export function describePlainClient({ name, lostCode, open }: PlainClient, layout: TitledLayout): void {
  describe(`${name} ${layout.title}`, () => {
    let stand: Stand;
    beforeAll(async () => {
      stand = await startStand({ ...layout, attach: echoServer });
    });
    afterAll(() => stand.close());

    it('keeps the path and the query, and gets back text and 3 MB of bytes as they were sent', async () => {
      const socket = await open(stand.url('ws', '/chat/r%C3%A4ume?room=1&x=%2F'));
      expect((await greeting(socket)).url).toBe('/chat/r%C3%A4ume?room=1&x=%2F');
      socket.send('grüße 🚀');
      expect(await socket.next('the text')).toBe('grüße 🚀');
      const sent = randomBytes(3 * MEGABYTE);
      socket.send(sent);
      const received = await socket.next('the bytes');
      expect(Buffer.compare(sent, Buffer.from(received))).toBe(0);
      socket.close(1000, 'done');
      expect(await socket.closed).toMatchObject({ code: 1000 });
    });

    it('gets the subprotocol that the server chose of those offered', async () => {
      const socket = await open(stand.url('ws'), ['echo.v9', 'echo.v2']);
      expect(socket.protocol).toBe('echo.v2');
      socket.close(1000, '');
      await socket.closed;
    });

    it("hears the server's close code and reason", async () => {
      const socket = await open(stand.url('ws'));
      socket.send('close 4321 genug für heute');
      expect(await socket.closed).toEqual({ code: 4321, reason: 'genug für heute' });
    });

    it(`hears ${lostCode} when its backend dies, and connects again once it is back (S18)`, async () => {
      const socket = await open(stand.url('ws'));
      const { name } = await greeting(socket);
      await stand.backend(name).crash();
      expect(await socket.closed).toMatchObject({ code: lostCode });
      await stand.backend(name).start();
      const next = await open(stand.url('ws'));
      next.send('again');
      await greeting(next);
      expect(await next.next('the echo')).toBe('again');
      next.close(1000, '');
      await next.closed;
    });
  });
}

/** Clients in JavaScript that speak RFC 6455 and nothing above it. */
export function describePlainSockets(layout: TitledLayout): void {
  for (const client of PLAIN_CLIENTS) describePlainClient(client, layout);

  describe(`ws 8.23 and Node's http ${layout.title}`, () => {
    let stand: Stand;
    beforeAll(async () => {
      stand = await startStand({ ...layout, attach: echoServer });
    });
    afterAll(() => stand.close());

    it('compresses end to end: the extension is agreed between client and server (RFC 7692)', async () => {
      const socket = new WebSocket(stand.url('ws'), { perMessageDeflate: { threshold: 64 } });
      await nextEvent(socket, 'message', 'the greeting');
      expect(socket.extensions).toContain('permessage-deflate');
      const text = 'so much of the same '.repeat(10_000);
      const echoed = nextEvent<[Buffer]>(socket, 'message', 'the echo');
      socket.send(text);
      expect(String((await echoed)[0])).toBe(text);
      socket.close();
      await nextEvent(socket, 'close');
    });

    it('is answered by the server when it pings', async () => {
      const socket = new WebSocket(stand.url('ws'));
      await nextEvent(socket, 'open');
      const pong = nextEvent<[Buffer]>(socket, 'pong');
      socket.ping('are you there');
      expect(String((await pong)[0])).toBe('are you there');
      socket.terminate();
    });

    it("gets the 101, the first frame and the Close 1014 of a lost backend by 'upgrade' of Node's client", async () => {
      const request = (layout.secure ? requestHttps : requestHttp)(stand.url('http', '/raw'), {
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
        },
      });
      const upgraded = new Promise<{ readonly socket: Duplex; readonly head: Buffer }>((resolve, reject) => {
        request.once('error', reject).once('upgrade', (_response, socket, head) => resolve({ socket, head }));
      });
      request.end();
      const { socket, head } = await within(upgraded, 'the upgrade');
      let received = head;
      socket.on('data', (bytes: Buffer) => (received = Buffer.concat([received, bytes])));
      socket.on('error', () => undefined); // Cut once its Close has gone unanswered.
      const frame = (index: number): Promise<Frame> =>
        eventually(() => decodeFrames(received).frames[index], `frame ${index} has come`);
      const first = JSON.parse(String((await frame(0)).payload)) as { readonly name: string; readonly url: string };
      expect(first.url).toBe('/raw');
      await stand.backend(first.name).restart();
      expect(readClose(await frame(1)).code).toBe(1014);
      socket.destroy();
    });
  });
}

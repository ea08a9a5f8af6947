import { randomBytes } from 'node:crypto';

import { Socket } from 'engine.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { engineIoServer } from '../engine-io-server.ts';
import { Inbox, nextEvent } from '../events.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';
import type { Sticky } from '../sticky.ts';

/** What Engine.IO's client tells of a transport's end. */
interface CloseDetails {
  readonly context?: { readonly code?: number };
}

interface Opened {
  readonly socket: Socket;
  readonly inbox: Inbox<unknown>;
  /** The server's name. */
  readonly name: string;
  /** The move to WebSocket, where there is one. */
  readonly upgraded: Promise<unknown>;
}

const WAYS = [
  { way: 'polling first, then an upgrade', transports: ['polling', 'websocket'] },
  { way: 'WebSocket only', transports: ['websocket'] },
  { way: 'polling only', transports: ['polling'] },
] as const;

/** Engine.IO without Socket.IO above it: it does not reconnect by itself, and shows the close code. */
export function describeEngineIo(layout: TitledLayout, sticky: Sticky): void {
  const how = layout.backends > 1 ? `, ${sticky.title}` : '';
  describe(`Engine.IO 6.6 ${layout.title}${how}`, () => {
    let stand: Stand;
    const sockets: Socket[] = [];
    beforeAll(async () => {
      stand = await startStand({ ...layout, attach: engineIoServer, ...sticky });
    });
    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.close();
    });
    afterAll(() => stand.close());

    /** A client whose first transport is open, and which may be about to upgrade. */
    const dial = async (transports: readonly string[]): Promise<Opened> => {
      const socket = new Socket(stand.url('http'), {
        path: '/engine.io',
        transports: [...transports],
        withCredentials: true,
        query: { user: randomBytes(4).toString('hex') },
      });
      socket.binaryType = 'nodebuffer';
      sockets.push(socket);
      const inbox = new Inbox<unknown>();
      socket.on('message', (data: unknown) => inbox.add(data));
      const upgraded = transports.length > 1 ? nextEvent(socket, 'upgrade', 'the upgrade') : Promise.resolve();
      await nextEvent(socket, 'open', 'the connection');
      return { socket, inbox, name: String(await inbox.next('the name')), upgraded };
    };
    const open = async (transports: readonly string[]): Promise<Opened> => {
      const opened = await dial(transports);
      await opened.upgraded;
      return opened;
    };

    for (const { way, transports } of WAYS)
      it(`gets back text and bytes as they were sent by ${way}`, async () => {
        const { socket, inbox } = await open(transports);
        expect(socket.transport.name).toBe(transports.at(-1));
        socket.send('grüße 🚀');
        expect(await inbox.next('the text')).toBe('grüße 🚀');
        const bytes = randomBytes(200_000);
        socket.send(bytes);
        expect(Buffer.compare(bytes, (await inbox.next('the bytes')) as Buffer)).toBe(0);
      });

    it('gets the first packet and the first message of each of many connections', async () => {
      for (let round = 0; round < 5; round += 1)
        for (const { socket } of await Promise.all(Array.from({ length: 5 }, () => open(['websocket']))))
          socket.close();
      expect(sockets).toHaveLength(25);
    });

    it('loses no message that is sent while it upgrades', async () => {
      const { socket, inbox, upgraded } = await dial(['polling', 'websocket']);
      for (let index = 0; index < 50; index += 1) socket.send(`message ${index}`);
      await upgraded;
      for (let index = 0; index < 50; index += 1) expect(await inbox.next(`message ${index}`)).toBe(`message ${index}`);
    });

    it('hears 1014 on its WebSocket when its server dies, and may connect again once it is back (S18)', async () => {
      const { socket, name } = await open(['polling', 'websocket']);
      const closed = nextEvent<[string, CloseDetails]>(socket, 'close');
      await stand.backend(name).crash();
      const [reason, { context }] = await closed;
      expect([reason, context?.code]).toEqual(['transport close', 1014]);
      await stand.backend(name).start();
      const next = await open(['polling', 'websocket']);
      next.socket.send('again');
      expect(await next.inbox.next('the echo')).toBe('again');
    });
  });
}

import { randomBytes } from 'node:crypto';

import { within } from '@ocelot/test-support';
import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { nextEvent } from '../events.ts';
import { socketIoServer } from '../socket-io-server.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';
import type { Sticky } from '../sticky.ts';

const WAYS = [
  { way: 'polling first, then an upgrade', transports: ['polling', 'websocket'], last: 'websocket' },
  { way: 'WebSocket only', transports: ['websocket'], last: 'websocket' },
  { way: 'polling only', transports: ['polling'], last: 'polling' },
] as const;

/** Enough clients that round robin without stickiness would tear some session apart. */
const CLIENTS = 3;

/** A Socket.IO client through all its transports; `sticky` says how its requests find the same of several servers. */
export function describeSocketIo(layout: TitledLayout, sticky: Sticky): void {
  const how = layout.backends > 1 ? `, ${sticky.title}` : '';
  describe(`Socket.IO 4.8 ${layout.title}${how}`, () => {
    let stand: Stand;
    const sockets: Socket[] = [];
    beforeAll(async () => {
      stand = await startStand({ ...layout, attach: socketIoServer, ...sticky });
    });
    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.disconnect();
    });
    afterAll(() => stand.close());

    const dial = (transports: readonly string[], path = '/', auth: object = {}): Socket => {
      const socket = io(stand.url('http', path), {
        transports: [...transports],
        auth,
        forceNew: true,
        withCredentials: true, // Lets it keep cookies, as a browser does.
        query: { user: randomBytes(4).toString('hex') },
        reconnectionDelay: 20,
        reconnectionDelayMax: 100,
      });
      sockets.push(socket);
      return socket;
    };
    const open = async (transports: readonly string[], last: string): Promise<Socket> => {
      const socket = dial(transports);
      await nextEvent(socket, 'connect', 'the connection');
      const { engine } = socket.io;
      if (engine.transport.name !== last) await nextEvent(engine, 'upgrade', 'the upgrade');
      expect(engine.transport.name).toBe(last);
      return socket;
    };
    const ask = (socket: Socket, event: string, ...values: unknown[]): Promise<unknown> =>
      within(socket.emitWithAck(event, ...values), `the answer to ${event}`);

    for (const { way, transports, last } of WAYS)
      describe(`by ${way}`, () => {
        it('stays with one server, is answered, and receives what is said in its room', async () => {
          const opened = await Promise.all(Array.from({ length: CLIENTS }, () => open(transports, last)));
          const names = await Promise.all(opened.map((socket) => ask(socket, 'who')));
          const [socket] = opened;
          if (socket === undefined) throw new Error('no client was opened');
          const bytes = randomBytes(40_000);
          expect(await ask(socket, 'echo', { text: 'grüße 🚀', bytes })).toEqual({ text: 'grüße 🚀', bytes });
          await ask(socket, 'join', 'room');
          const said = nextEvent<[string]>(socket, 'said');
          socket.emit('say', 'room', 'hello, room');
          expect(await said).toEqual(['hello, room']);
          expect(await Promise.all(opened.map((each) => ask(each, 'who')))).toEqual(names);
        });

        it("hears the server's heartbeats", async () => {
          const socket = await open(transports, last);
          for (let beats = 0; beats < 2; beats += 1) await nextEvent(socket.io, 'ping', 'a heartbeat');
          expect(socket.connected).toBe(true);
        });

        it('connects again by itself after its server was restarted', async () => {
          const socket = await open(transports, last);
          const name = await ask(socket, 'who');
          const lost = nextEvent<[string]>(socket, 'disconnect');
          const connected = nextEvent(socket, 'connect', 'the new connection');
          await stand.backend(String(name)).crash();
          expect((await lost)[0]).toMatch(/^transport (close|error)$/);
          await stand.backend(String(name)).start();
          await connected;
          expect(await ask(socket, 'echo', 'again')).toBe('again');
        });

        it('is told why a namespace refuses it', async () => {
          const refused = dial(transports, '/members', { token: 'bad' });
          const [error] = await nextEvent<[Error]>(refused, 'connect_error');
          expect(error.message).toBe('not a member');
          await nextEvent(dial(transports, '/members', { token: 'good' }), 'connect');
        });
      });
  });
}

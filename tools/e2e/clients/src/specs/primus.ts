import Primus from 'primus';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Inbox, nextEvent } from '../events.ts';
import { PRIMUS_OPTIONS, primusServer } from '../primus-server.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';

const Client = Primus.createSocket(PRIMUS_OPTIONS);

interface Opened {
  readonly socket: InstanceType<typeof Client>;
  readonly inbox: Inbox<unknown>;
  /** The server's name. */
  readonly name: string;
}

/** Primus over its transformer for WebSockets, which reconnects by itself. */
export function describePrimus(layout: TitledLayout): void {
  describe(`Primus 8.0 ${layout.title}`, () => {
    let stand: Stand;
    const sockets: InstanceType<typeof Client>[] = [];
    beforeAll(async () => {
      stand = await startStand({ ...layout, attach: primusServer });
    });
    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.end();
    });
    afterAll(() => stand.close());

    const open = async (): Promise<Opened> => {
      const socket = new Client(stand.url('http'), { reconnect: { min: 20, max: 100, retries: 1000 } });
      sockets.push(socket);
      socket.on('error', () => undefined); // Each attempt that fails; it goes on by itself.
      const inbox = new Inbox<unknown>();
      socket.on('data', (data: unknown) => inbox.add(data));
      const { name } = (await inbox.next('the name')) as { name: string };
      return { socket, inbox, name };
    };

    it('gets back values as they were sent', async () => {
      const { socket, inbox } = await open();
      for (const value of ['grüße 🚀', { list: [1, null, 'x'.repeat(100_000)] }]) {
        socket.write(value);
        expect(await inbox.next('the echo')).toEqual(value);
      }
    });

    it("hears the server's heartbeats", async () => {
      const { socket } = await open();
      const [time] = await nextEvent<[number]>(socket, 'outgoing::pong');
      expect(time).toBeGreaterThan(0);
    });

    it('connects again by itself after its server was restarted', async () => {
      const { socket, inbox, name } = await open();
      const lost = nextEvent(socket, 'reconnect scheduled');
      const connected = nextEvent(socket, 'reconnected');
      await stand.backend(name).crash();
      await lost;
      await stand.backend(name).start();
      await connected;
      await inbox.next('the name');
      socket.write('again');
      expect(await inbox.next('the echo')).toBe('again');
    });
  });
}

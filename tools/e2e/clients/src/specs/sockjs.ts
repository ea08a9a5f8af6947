import { within } from '@ocelot/test-support';
import SockJS from 'sockjs-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Inbox } from '../events.ts';
import { sockjsServer } from '../sockjs-server.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';
import { consistentHash } from '../sticky.ts';

const TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'] as const;

interface Opened {
  readonly socket: WebSocket;
  readonly inbox: Inbox<string>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** The server's name. */
  readonly name: string;
}

type WebSocket = InstanceType<typeof SockJS>;

/** Its WebSocket driver would name the address in SNI, which holds names only (RFC 6066 §3). */
const TRANSPORT_OPTIONS = { websocket: { tls: { servername: 'localhost' } } };

/**
 * SockJS through its transports. Its client keeps no cookies outside of a browser and takes no query: what brings its
 * requests to the same of several servers here is the client's address.
 */
export function describeSockJs(layout: TitledLayout): void {
  describe(`SockJS 1.6 ${layout.title}`, () => {
    let stand: Stand;
    beforeAll(async () => {
      stand = await startStand({ ...layout, attach: sockjsServer, ...consistentHash('address') });
    });
    afterAll(() => stand.close());

    for (const transport of TRANSPORTS)
      describe(`by ${transport}`, () => {
        const open = async (): Promise<Opened> => {
          const options = { transports: transport, transportOptions: TRANSPORT_OPTIONS };
          const socket = new SockJS(stand.url('http', '/sockjs'), null, options);
          const inbox = new Inbox<string>();
          socket.addEventListener('message', ({ data }) => inbox.add(String(data)));
          const closed = new Promise<{ code: number; reason: string }>((resolve) => {
            socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
          });
          const opened = new Promise<void>((resolve) => {
            socket.addEventListener('open', () => resolve());
          });
          const name = opened.then(() => inbox.next('the name'));
          const refused = closed.then(({ code, reason }) => {
            throw new Error(`SockJS closed with ${code} ${reason}`);
          });
          return {
            socket,
            inbox,
            closed: within(closed, 'the close', 30_000),
            name: await within(Promise.race([name, refused]), 'the connection'),
          };
        };

        it('gets back texts as they were sent, in their order', async () => {
          const { socket, inbox, closed } = await open();
          expect(socket).toHaveProperty('transport', transport);
          const texts = ['grüße 🚀', 'x'.repeat(100_000), ...Array.from({ length: 20 }, (_, index) => `text ${index}`)];
          for (const text of texts) socket.send(text);
          for (const text of texts) expect(await inbox.next('an echo')).toBe(text);
          socket.close();
          expect(await closed).toMatchObject({ code: 1000 });
        });

        it("hears the server's close code and reason", async () => {
          const { socket, closed } = await open();
          socket.send('bye');
          expect(await closed).toEqual({ code: 4001, reason: 'bye' });
        });

        it('hears of the loss when its server dies, and connects again once it is back', async () => {
          const { socket, closed, name } = await open();
          await stand.backend(name).crash();
          // Over TLS its driver for Node does not notice that an answer breaks off, but that nobody takes a message.
          socket.send('are you there');
          expect([1002, 1006]).toContain((await closed).code);
          await stand.backend(name).start();
          const next = await open();
          next.socket.send('again');
          expect(await next.inbox.next('the echo')).toBe('again');
          next.socket.close();
          await next.closed;
        });
      });
  });
}

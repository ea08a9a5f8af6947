import { HttpTransportType, HubConnectionBuilder, LogLevel, Subject, type HubConnection } from '@microsoft/signalr';
import { within } from '@ocelot/test-support';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Inbox } from '../events.ts';
import { signalrHub } from '../signalr-hub.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';
import type { Sticky } from '../sticky.ts';

const WAYS = [
  { way: 'WebSockets after negotiate', transport: HttpTransportType.WebSockets, skipNegotiation: false },
  { way: 'WebSockets with skipNegotiation', transport: HttpTransportType.WebSockets, skipNegotiation: true },
  { way: 'Server-Sent Events', transport: HttpTransportType.ServerSentEvents, skipNegotiation: false },
  { way: 'long polling', transport: HttpTransportType.LongPolling, skipNegotiation: false },
] as const;

/** One route for `negotiate`, events, polls and sockets, under another path than the hub's. */
const ROUTE = { UpstreamPathTemplate: '/gateway/{everything}', UpstreamHttpMethod: ['Get', 'Post', 'Delete'] };

/** Enough clients that round robin without stickiness would tear some pair of negotiate and connect apart. */
const CLIENTS = 3;

/** Time between two attempts to connect again, in milliseconds; a user's `IRetryPolicy`. */
const RETRY_MS = 50;

/** The SignalR client through all its transports against a hub after the published protocol. */
export function describeSignalR(layout: TitledLayout, sticky: Sticky): void {
  const how = layout.backends > 1 ? `, ${sticky.title}` : '';
  describe(`SignalR 10.0 ${layout.title}${how}`, () => {
    let stand: Stand;
    const connections: HubConnection[] = [];
    beforeAll(async () => {
      stand = await startStand({ ...layout, attach: signalrHub, route: { ...ROUTE, ...sticky.route } });
    });
    afterEach(async () => {
      for (const connection of connections.splice(0)) await connection.stop();
    });
    afterAll(() => stand.close());

    for (const { way, transport, skipNegotiation } of WAYS)
      describe(`by ${way}`, () => {
        const open = async (): Promise<HubConnection> => {
          const connection = new HubConnectionBuilder()
            .withUrl(stand.url('http', '/gateway/chat'), { transport, skipNegotiation })
            .withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => RETRY_MS })
            .configureLogging(LogLevel.None)
            .build();
          connection.keepAliveIntervalInMilliseconds = 50;
          connections.push(connection);
          await within(connection.start(), 'the start');
          return connection;
        };

        it('negotiates and connects with the same server, which answers its calls', async () => {
          for (const connection of await Promise.all(Array.from({ length: CLIENTS }, open))) {
            const name = await within(connection.invoke<string>('Who'), 'the name');
            expect(['one', 'two']).toContain(name);
            const value = { text: 'grüße 🚀', list: [1, null, 'x'.repeat(100_000)] };
            expect(await within(connection.invoke('Echo', value), 'the echo')).toEqual(value);
            await expect(within(connection.invoke('Fail'), 'the failure')).rejects.toThrow('there is no method Fail');
            expect(await within(connection.invoke<string>('Who'), 'the name')).toBe(name);
          }
        });

        it('receives what is said to all, and streams in both directions', async () => {
          const connection = await open();
          const said = new Inbox<string>();
          connection.on('said', (text: string) => said.add(text));
          await within(connection.invoke('Broadcast', 'hello, all'), 'the broadcast');
          expect(await said.next('the call')).toBe('hello, all');
          const numbers: number[] = [];
          const counted = new Promise<void>((complete, error) => {
            connection
              .stream<number>('Count', 100)
              .subscribe({ next: (item) => void numbers.push(item), complete, error });
          });
          await within(counted, 'the stream');
          expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index));
          const upload = new Subject<number>();
          const sum = connection.invoke<number>('Sum', upload);
          for (let index = 1; index <= 20; index += 1) upload.next(index);
          upload.complete();
          expect(await within(sum, 'the sum')).toBe(210);
        });

        // Polls are a sign of life themselves: the client sends no pings beside them.
        if (transport !== HttpTransportType.LongPolling)
          it('lets pings of both sides through', async () => {
            const connection = await open();
            connection.serverTimeoutInMilliseconds = 1000; // Hears of the server within this, or gives up.
            await within(connection.invoke('Pinged', 3), 'three pings to arrive');
            expect(connection.state).toBe('Connected');
          });

        it('connects again by itself after its server was restarted', async () => {
          const connection = await open();
          const name = await within(connection.invoke<string>('Who'), 'the name');
          const lost = new Promise<void>((resolve) => {
            connection.onreconnecting(() => resolve());
          });
          const connected = new Promise<void>((resolve) => {
            connection.onreconnected(() => resolve());
          });
          await stand.backend(name).crash();
          await within(lost, 'the loss');
          await stand.backend(name).start();
          await within(connected, 'the new connection');
          expect(await within(connection.invoke('Echo', 'again'), 'the echo')).toBe('again');
        });

        it('connects again by itself when its server says that it goes', async () => {
          const connection = await open();
          const connected = new Promise<void>((resolve) => {
            connection.onreconnected(() => resolve());
          });
          await connection.send('Leave');
          await within(connected, 'the new connection');
          expect(await within(connection.invoke('Echo', 'again'), 'the echo')).toBe('again');
        });
      });
  });
}

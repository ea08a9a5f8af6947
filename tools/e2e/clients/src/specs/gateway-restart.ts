import { setTimeout as sleep } from 'node:timers/promises';

import { HttpTransportType } from '@microsoft/signalr';
import { eventually, within } from '@ocelot/test-support';
import { createTRPCClient, createWSClient, httpSubscriptionLink, retryLink, wsLink } from '@trpc/client';
import { EventSource } from 'eventsource';
import { createClient } from 'graphql-ws';
import { io } from 'socket.io-client';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';

import { echoServer } from '../echo-server.ts';
import { Inbox, nextEvent } from '../events.ts';
import { graphqlServer } from '../graphql-server.ts';
import { signalr } from '../sessions.ts';
import { socketIoServer } from '../socket-io-server.ts';
import { startStand, startStandBefore, type Stand, type StandOptions, type TitledLayout } from '../stand.ts';
import { AFFINITY_COOKIE, consistentHash } from '../sticky.ts';
import { trpcServer, type AppRouter } from '../trpc-server.ts';
import { yjsServers } from '../yjs-servers.ts';

const SIGNALR = [
  signalr('WebSockets', HttpTransportType.WebSockets),
  signalr('Server-Sent Events', HttpTransportType.ServerSentEvents),
  signalr('long polling', HttpTransportType.LongPolling),
];

/** What clients do when the gateway itself is restarted, with a drain, while their servers stay. */
export function describeGatewayRestart(layout: TitledLayout): void {
  describe(`when the gateway restarts, ${layout.title}`, () => {
    const closing: (() => unknown)[] = [];
    afterEach(async () => {
      const failures: unknown[] = [];
      for (const close of closing.splice(0).toReversed()) {
        try {
          await close();
        } catch (error) {
          failures.push(error);
        }
      }
      expect(failures).toEqual([]);
    });
    const stand = async (options: Omit<StandOptions, 'secure' | 'backends'>): Promise<Stand> => {
      const started = await startStand({ ...layout, ...options });
      closing.push(() => started.close());
      return started;
    };

    it('ws 8.23 hears 1012 and connects again', async () => {
      const { url, restartGateway } = await stand({ attach: echoServer });
      const socket = new WebSocket(url('ws'));
      await nextEvent(socket, 'message', 'the greeting');
      const closed = nextEvent<[number]>(socket, 'close');
      await restartGateway();
      expect((await closed)[0]).toBe(1012);
      const next = new WebSocket(url('ws'));
      await nextEvent(next, 'message', 'the greeting');
      next.terminate();
    });

    it('Socket.IO 4.8 connects again by itself, to the same server by hash of query:user', async () => {
      const { url, restartGateway } = await stand({ attach: socketIoServer, ...consistentHash('query:user') });
      const socket = io(url('http'), {
        forceNew: true,
        query: { user: 'ada' },
        reconnectionDelay: 20,
        reconnectionDelayMax: 100,
      });
      closing.push(() => socket.disconnect());
      await nextEvent(socket, 'connect', 'the connection');
      const name: unknown = await within(socket.emitWithAck('who'), 'the name');
      const connected = nextEvent(socket, 'connect', 'the new connection');
      await restartGateway();
      await connected;
      expect(await within(socket.emitWithAck('who'), 'the name')).toBe(name);
    });

    for (const way of SIGNALR)
      it(`${way.title} connects again by itself, to the same server by affinity cookie`, async () => {
        const started = await stand({ attach: way.attach, ...AFFINITY_COOKIE });
        const session = await way.open(started);
        closing.push(() => session.close());
        const name = await session.who();
        const connected = session.reconnected();
        await started.restartGateway();
        await connected;
        expect(await session.who()).toBe(name);
      });

    it('graphql-ws 6.4 goes on with its subscription by itself', async () => {
      const { url, restartGateway } = await stand({ attach: graphqlServer });
      const client = createClient({
        url: url('ws', '/graphql'),
        webSocketImpl: WebSocket,
        connectionParams: { token: 'good' },
        retryAttempts: 1000,
        shouldRetry: () => true, // Else it gives up at the first attempt that is refused.
        retryWait: () => sleep(20),
      });
      closing.push(() => client.dispose());
      const numbers = new Inbox<number>();
      const items = client.iterate<{ ticks: { number: number } }>({
        query: 'subscription { ticks(count: 10000) { number } }',
      });
      const read = async (): Promise<void> => {
        for await (const { data } of items) numbers.add(data?.ticks.number ?? -1);
      };
      const reading = read();
      closing.push(async () => {
        await items.return?.();
        await within(reading, 'the end of the subscription');
      });
      while ((await numbers.next('an item')) < 3);
      await restartGateway();
      // The subscription begins anew, and so do its numbers.
      while ((await numbers.next('an item after the restart')) !== 0);
      expect(await numbers.next('the next item')).toBe(1);
    });

    for (const way of ['WebSocket', 'Server-Sent Events'])
      it(`tRPC 11.25 goes on with its subscription by itself by ${way}, at the number where it was`, async () => {
        const { url, restartGateway } = await stand({ attach: trpcServer });
        const links = (): Parameters<typeof createTRPCClient<AppRouter>>[0]['links'] => {
          if (way !== 'WebSocket') {
            const again = retryLink<AppRouter>({ retry: () => true, retryDelayMs: () => 20 });
            return [again, httpSubscriptionLink({ url: url('http'), EventSource })];
          }
          const client = createWSClient({ url: url('ws'), WebSocket: WebSocket as never, retryDelayMs: () => 20 });
          closing.push(() => client.close());
          return [wsLink({ client })];
        };
        const events = new Inbox<number | 'started'>();
        const subscription = createTRPCClient<AppRouter>({ links: links() }).ticks.subscribe(
          {},
          {
            onStarted: () => events.add('started'),
            onData: ({ data }) => events.add(data),
            onError: () => events.add(Number.NaN),
          },
        );
        closing.push(() => subscription.unsubscribe());
        let expected = 0;
        const readUntil = async (isEnough: (event: number | 'started') => boolean): Promise<void> => {
          for (;;) {
            const event = await events.next('a number');
            if (event !== 'started') expect(event).toBe(expected++);
            if (isEnough(event)) return;
          }
        };
        await readUntil((event) => event === 5);
        await restartGateway();
        await readUntil((event) => event === 'started');
        const last = expected + 5;
        await readUntil((event) => event === last);
        expect(expected).toBe(last + 1);
      });

    it('Yjs 13.6 converges again by itself, with what was written meanwhile', async () => {
      const backends = yjsServers(layout.backends);
      const { url, restartGateway, close } = await startStandBefore(backends, {
        ...layout,
        ...consistentHash('query:document'),
      });
      closing.push(close);
      const open = (): Doc => {
        const doc = new Doc();
        const provider = new WebsocketProvider(url('ws', '/docs'), 'paper', doc, {
          WebSocketPolyfill: WebSocket as never,
          params: { document: 'paper' },
          maxBackoffTime: 100,
          disableBc: true,
        });
        closing.push(() => provider.destroy());
        return doc;
      };
      const [left, right] = [open(), open()];
      const texts = (): readonly string[] => [left, right].map((doc) => doc.getText('content').toJSON());
      left.getText('content').insert(0, 'a');
      await eventually(() => texts()[1] === 'a', 'the other editor sees the first letter');
      const restarted = restartGateway();
      right.getText('content').insert(1, 'b');
      await restarted;
      left.getText('content').insert(0, 'c');
      await eventually(() => texts().every((text) => text === 'cab'), 'both documents are the same');
      expect(texts()).toEqual(['cab', 'cab']);
    });
  });
}

import { within } from '@ocelot/test-support';
import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  httpSubscriptionLink,
  retryLink,
  splitLink,
  wsLink,
  type TRPCClient,
} from '@trpc/client';
import { EventSource } from 'eventsource';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { Inbox } from '../events.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';
import { trpcServer, type AppRouter } from '../trpc-server.ts';

const WAYS = ['WebSocket', 'HTTP and Server-Sent Events'] as const;

/** tRPC, whose subscriptions go on after a loss where they were: no number is missed, none comes twice. */
export function describeTrpc(layout: TitledLayout): void {
  describe(`tRPC 11.25 ${layout.title}`, () => {
    let stand: Stand;
    const closing: (() => unknown)[] = [];
    beforeAll(async () => {
      stand = await startStand({ ...layout, attach: trpcServer });
    });
    afterEach(() => {
      for (const close of closing.splice(0)) close();
    });
    afterAll(() => stand.close());

    const open = (way: (typeof WAYS)[number]): TRPCClient<AppRouter> => {
      if (way === 'WebSocket') {
        const client = createWSClient({
          url: stand.url('ws'),
          WebSocket: WebSocket as never,
          retryDelayMs: () => 20,
          keepAlive: { enabled: true, intervalMs: 50, pongTimeoutMs: 5000 },
        });
        closing.push(() => client.close());
        return createTRPCClient<AppRouter>({ links: [wsLink({ client })] });
      }
      const url = stand.url('http');
      return createTRPCClient<AppRouter>({
        links: [
          splitLink({
            condition: ({ type }) => type === 'subscription',
            true: [
              // An EventSource gives up at a 502: what makes it try again is this link.
              retryLink({ retry: () => true, retryDelayMs: () => 20 }),
              httpSubscriptionLink({ url, EventSource }),
            ],
            false: httpBatchLink({ url }),
          }),
        ],
      });
    };

    for (const way of WAYS)
      describe(`by ${way}`, () => {
        it('is answered queries and mutations, several at once', async () => {
          const client = open(way);
          const answers = Promise.all([
            client.upper.mutate('grüße'),
            client.upper.mutate('x'.repeat(100_000)),
            client.who.query(),
          ]);
          const [upper, long, name] = await within(answers, 'the answers');
          expect([upper, long.length]).toEqual(['GRÜSSE', 100_000]);
          expect(['one', 'two']).toContain(name);
        });

        it('goes on with its subscription by itself after its server was restarted, at the number where it was', async () => {
          const numbers = new Inbox<number>();
          const subscription = open(way).ticks.subscribe(
            {},
            { onData: ({ data }) => numbers.add(data), onError: () => numbers.add(Number.NaN) },
          );
          closing.push(() => subscription.unsubscribe());
          let expected = 0;
          for (; expected < 5; expected += 1) expect(await numbers.next('a number')).toBe(expected);
          for (const backend of stand.backends) {
            await backend.restart();
            for (const last = expected + 20; expected < last; expected += 1)
              expect(await numbers.next('a number after the restart')).toBe(expected);
          }
        });
      });
  });
}

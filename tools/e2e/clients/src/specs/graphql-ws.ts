import { setTimeout as sleep } from 'node:timers/promises';

import { within } from '@ocelot/test-support';
import { createClient, type Client, type ClientOptions } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { Inbox } from '../events.ts';
import { graphqlServer } from '../graphql-server.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';

interface Tick {
  readonly ticks: { readonly server: string; readonly number: number };
}

/** graphql-ws: one WebSocket for queries and subscriptions, made again when it is lost. */
export function describeGraphqlWs(layout: TitledLayout): void {
  describe(`graphql-ws 6.4 ${layout.title}`, () => {
    let stand: Stand;
    const clients: Client[] = [];
    beforeAll(async () => {
      stand = await startStand({ ...layout, attach: graphqlServer });
    });
    afterEach(async () => {
      for (const client of clients.splice(0)) await client.dispose();
    });
    afterAll(() => stand.close());

    const open = (options: Partial<ClientOptions> = {}): Client => {
      const client = createClient({
        url: stand.url('ws', '/graphql'),
        webSocketImpl: WebSocket,
        connectionParams: { token: 'good' },
        retryAttempts: 100,
        retryWait: () => sleep(20),
        shouldRetry: () => true, // Else it gives up at the first attempt that is refused.
        ...options,
      });
      clients.push(client);
      return client;
    };
    const query = async (client: Client, text: string): Promise<unknown> => {
      const { value } = await within(client.iterate({ query: text }).next(), 'the result');
      return (value as { data: unknown }).data;
    };

    it('is answered a query', async () => {
      expect(await query(open(), '{ echo(text: "grüße 🚀") }')).toEqual({ echo: 'grüße 🚀' });
    });

    it('receives every item of a subscription, and its end', async () => {
      const numbers: number[] = [];
      const items = open().iterate<Tick>({ query: 'subscription { ticks(count: 10) { server number } }' });
      const read = async (): Promise<void> => {
        for await (const { data } of items) numbers.push(data?.ticks.number ?? -1);
      };
      await within(read(), 'the end of the subscription');
      expect(numbers).toEqual(Array.from({ length: 10 }, (_, index) => index));
    });

    it('gets a pong for each ping of the protocol', async () => {
      const pongs = new Inbox<boolean>();
      open({ lazy: false, keepAlive: 30, on: { pong: (received) => pongs.add(received) } });
      expect([await pongs.next('a pong'), await pongs.next('another')]).toEqual([true, true]);
    });

    it('hears 4403 when the server refuses it', async () => {
      const refused = open({ connectionParams: { token: 'bad' }, retryAttempts: 0 });
      const refusal = refused.iterate({ query: '{ server }' }).next();
      const read = refusal.then(
        () => undefined,
        ({ code, reason }: { code: number; reason: string }) => ({ code, reason }), // Drops the socket it came from.
      );
      expect(await within(read, 'the refusal')).toEqual({ code: 4403, reason: 'Forbidden' });
    });

    it('goes on with its subscription by itself after its server was restarted', async () => {
      const ticks = new Inbox<Tick['ticks']>();
      const failed = new Promise<never>((_resolve, reject) => {
        open().subscribe<Tick>(
          { query: 'subscription { ticks(count: 10000) { server number } }' },
          {
            next: ({ data }) => (data ? ticks.add(data.ticks) : undefined),
            error: (error) => reject(error instanceof Error ? error : new Error(JSON.stringify(error))),
            complete: () => undefined,
          },
        );
      });
      const { server } = await Promise.race([ticks.next('the first item'), failed]);
      while ((await ticks.next('an item')).number < 3);
      await stand.backend(server).crash();
      await stand.backend(server).start();
      // The subscription begins anew, and so do its numbers.
      while ((await Promise.race([ticks.next('an item after the restart'), failed])).number !== 0);
      expect((await ticks.next('the next item')).number).toBe(1);
    });
  });
}

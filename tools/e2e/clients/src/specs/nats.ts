import { within } from '@ocelot/test-support';
import { connect, Events, StringCodec, type ConnectionOptions, type NatsConnection } from 'nats.ws';
import { WebSocket } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { natsServers } from '../nats-servers.ts';
import type { NeededProgram } from '../needed-program.ts';
import type { StackBackend } from '../real-backend.ts';
import { startStandBefore, type Stand, type TitledLayout } from '../stand.ts';

/** Several frames' worth, below the server's limit of 1 MB. */
const BIG_BYTES = 500_000;

const text = StringCodec();

/** What nats.ws takes beside its documented options, for a Node without a WebSocket of its own. */
type Options = ConnectionOptions & {
  readonly wsFactory: (url: string) => Promise<{ readonly socket: WebSocket; readonly encrypted: boolean }>;
};

/** nats.ws and NATS servers, one or a cluster of two; skipped loudly where there are none. */
export function describeNats(program: NeededProgram | undefined, layout: TitledLayout): void {
  describe.skipIf(program === undefined)(`nats.ws 1.30 and nats-server 2.9 ${layout.title}`, () => {
    itSpeaksNats(async () => {
      if (program === undefined) throw new Error('skipped without nats-server');
      const servers = await natsServers(program, layout.backends);
      return startStandBefore(servers, {
        secure: layout.secure,
        route: { LoadBalancerOptions: { Type: 'RoundRobin' } },
      });
    });
  });
}

function itSpeaksNats(start: () => Promise<Stand<StackBackend>>): void {
  let stand: Stand<StackBackend>;
  const connections: NatsConnection[] = [];
  const join = async (): Promise<NatsConnection> => {
    const options: Options = {
      servers: stand.url('ws', '/nats'),
      ignoreClusterUpdates: true,
      reconnectTimeWait: 100,
      reconnectJitter: 0,
      reconnectJitterTLS: 0,
      maxReconnectAttempts: 100,
      wsFactory: async (url) => ({ socket: new WebSocket(url), encrypted: url.startsWith('wss:') }),
    };
    const connection = await within(connect(options), 'the connection to NATS');
    connections.push(connection);
    return connection;
  };
  beforeAll(async () => {
    stand = await start();
  });
  afterAll(async () => {
    for (const connection of connections) await connection.close();
    await stand.close();
  });

  it('carries requests and replies between two clients', async () => {
    const [asking, answering] = [await join(), await join()];
    answering.subscribe('ask', {
      callback: (_error, message) => void message.respond(text.encode(`${text.decode(message.data)} heard`)),
    });
    await answering.flush();
    const reply = await requestUntilKnown(asking, 'ask', 'hello');
    expect(text.decode(reply)).toBe('hello heard');
  });

  it('spreads clients over the servers', async () => {
    const names = [await join(), await join()].map(({ info }) => info?.server_name);
    expect(new Set(names)).toEqual(new Set(stand.backends.map(({ name }) => name)));
  });

  it('carries 500 kB in one message', async () => {
    const connection = await join();
    const received = new Promise<Uint8Array>((resolve, reject) => {
      const callback = (error: Error | null, message: { readonly data: Uint8Array }): void =>
        error ? reject(error) : resolve(message.data);
      connection.subscribe('big', { callback });
    });
    const payload = Buffer.alloc(BIG_BYTES, 'ocelot');
    connection.publish('big', payload);
    expect(payload.equals(await within(received, 'the big message'))).toBe(true);
  });

  it('connects again by itself after its server was restarted, and receives what it had subscribed to', async () => {
    const connection = await join();
    const heard = new Promise<string>((resolve) => {
      connection.subscribe('news', { callback: (_error, { data }) => resolve(text.decode(data)) });
    });
    await connection.flush();
    const back = until(connection, Events.Reconnect);
    await stand.backend(connection.info?.server_name ?? '').restart();
    await within(back, 'the new connection');
    connection.publish('news', text.encode('still here'));
    expect(await within(heard, 'the message')).toBe('still here');
  });
}

/** The reply, once the servers have told each other of the subscription: until then there are no responders. */
async function requestUntilKnown(connection: NatsConnection, subject: string, body: string): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await connection.request(subject, text.encode(body), { timeout: 5000 })).data;
    } catch (error) {
      if (attempt === 100 || !String(error).includes('503')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function until(connection: NatsConnection, wanted: Events): Promise<void> {
  for await (const { type } of connection.status()) if (type === wanted) return;
}

import { setTimeout as sleep } from 'node:timers/promises';

import { initTRPC, tracked } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocketServer } from 'ws';

import type { Attach } from './real-backend.ts';

/** Time between two items of the subscription, in milliseconds. */
const TICK_MS = 10;

const t = initTRPC.context<{ readonly server: string }>().create({
  // Without the second, an EventSource whose stream broke off waits its 3 s.
  sse: { ping: { enabled: true, intervalMs: 50 }, client: { reconnectAfterInactivityMs: 500 } },
});

const appRouter = t.router({
  who: t.procedure.query(({ ctx }) => ctx.server),
  upper: t.procedure.input(String).mutation(({ input }) => input.toUpperCase()),
  /** The numbers from 0, or from the one after the last that the client saw, without an end. */
  ticks: t.procedure
    .input((value: unknown) => value as { readonly lastEventId?: string })
    .subscription(async function* ({ input }) {
      const first = input.lastEventId === undefined ? 0 : Number(input.lastEventId) + 1;
      for (let number = first; ; number += 1) {
        yield tracked(String(number), number);
        await sleep(TICK_MS);
      }
    }),
});

/** What clients take their types from. */
export type AppRouter = typeof appRouter;

/** A tRPC server: calls over HTTP and WebSocket, subscriptions over Server-Sent Events and WebSocket. */
export const trpcServer: Attach = (server, name) => {
  const createContext = (): { readonly server: string } => ({ server: name });
  const sockets = new WebSocketServer({ server });
  sockets.on('error', () => undefined); // The HTTP server's errors are its owner's.
  applyWSSHandler({ wss: sockets, router: appRouter, createContext });
  server.on('request', createHTTPHandler({ router: appRouter, createContext }));
  return sockets;
};

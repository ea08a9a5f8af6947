import { HttpTransportType, HubConnectionBuilder, LogLevel } from '@microsoft/signalr';
import { within } from '@ocelot/test-support';
import { io } from 'socket.io-client';

import { nextEvent } from './events.ts';
import type { Attach } from './real-backend.ts';
import { signalrHub } from './signalr-hub.ts';
import { socketIoServer } from './socket-io-server.ts';
import type { Stand } from './stand.ts';

/** A client whose session one server keeps in its memory. */
export interface Session {
  /** Name of the server that answers. */
  who(): Promise<string>;
  /** Resolves when it next has connected again by itself. Ask before what causes it. */
  reconnected(): Promise<unknown>;
  close(): unknown;
}

/** How sessions of a stack are opened by one of its transports. */
export interface SessionWay {
  readonly title: string;
  readonly attach: Attach;
  /** What an open session consists of: the gateway chooses once for each connection, and anew for each request. */
  readonly carriedBy: 'one connection' | 'requests' | 'a stream and requests';
  /** Opens a client that keeps cookies, as browsers do. @throws Error when it does not connect within the patience. */
  open(stand: Stand): Promise<Session>;
}

/** Time between two attempts to connect again, in milliseconds. */
const RETRY_MS = 20;

/** Socket.IO's client through `transports`, the last of which it has reached when it is open. */
export function socketIo(title: string, transports: readonly ('polling' | 'websocket')[]): SessionWay {
  const last = transports.at(-1);
  return {
    title: `Socket.IO 4.8 by ${title}`,
    attach: socketIoServer,
    carriedBy: last === 'websocket' ? 'one connection' : 'requests',
    open: async (stand) => {
      const socket = io(stand.url('http'), {
        transports: [...transports],
        forceNew: true,
        withCredentials: true,
        reconnectionDelay: RETRY_MS,
        reconnectionDelayMax: 5 * RETRY_MS,
      });
      try {
        await nextEvent(socket, 'connect', 'the connection');
        const { engine } = socket.io;
        if (engine.transport.name !== last) await nextEvent(engine, 'upgrade', 'the upgrade');
      } catch (error) {
        socket.disconnect(); // It would try for ever.
        throw error;
      }
      return {
        who: () => within(socket.emitWithAck('who') as Promise<string>, 'the name'),
        reconnected: () => nextEvent(socket, 'connect', 'the new connection'),
        close: () => socket.disconnect(),
      };
    },
  };
}

const SIGNALR_CARRIERS = {
  [HttpTransportType.WebSockets]: 'one connection',
  [HttpTransportType.ServerSentEvents]: 'a stream and requests',
  [HttpTransportType.LongPolling]: 'requests',
} as const;

/** SignalR's client by `transport`, after negotiate. */
export function signalr(title: string, transport: keyof typeof SIGNALR_CARRIERS): SessionWay {
  return {
    title: `SignalR 10.0 by ${title}`,
    attach: signalrHub,
    carriedBy: SIGNALR_CARRIERS[transport],
    open: async (stand) => {
      const connection = new HubConnectionBuilder()
        .withUrl(stand.url('http', '/chat'), { transport })
        .withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => RETRY_MS })
        .configureLogging(LogLevel.None)
        .build();
      await within(connection.start(), 'the start');
      return {
        who: () => within(connection.invoke<string>('Who'), 'the name'),
        reconnected: () => {
          const again = new Promise<void>((resolve) => {
            connection.onreconnected(() => resolve());
          });
          return within(again, 'the new connection');
        },
        close: () => connection.stop(),
      };
    },
  };
}

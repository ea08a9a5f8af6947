import { type Socket, createServer } from 'node:net';

import type { Gateway } from '@ocelot/core';

import { ConnectionGate } from './connection-gate.js';
import { http1Front } from './front/http1-front.js';
import { type PortOptions, openPort } from './front/open-port.js';
import { relayListeners } from './front/relay-listeners.js';

/** Where to listen, and what clients may take. */
export interface ListenOptions extends Omit<PortOptions, 'exclusive'> {
  /** @default 1 s */
  readonly checkIntervalMs?: number;
}

/** An open port. */
export interface Listener {
  /** `http://H:P`, with the port that was given out. */
  readonly url: string;
  /** Stops accepting and closes connections without a request. Open sockets stay. Idempotent. */
  stop(): void;
  /** Cuts whatever is still connected. Idempotent. */
  destroy(): void;
}

/**
 * Opens the port and connects it with the relays of the gateway. The way of a connection: the gate counts it or turns
 * it away, then it is served. Every socket has an error listener before anything else sees it.
 * @throws CommandError with exit code 3 when the port is taken or not allowed, 2 when the host is none of this machine.
 */
export async function listen(gateway: Gateway, options: ListenOptions): Promise<Listener> {
  const { log } = gateway;
  const gate = new ConnectionGate(gateway);
  const http1 = http1Front(gateway, relayListeners(gateway), options.checkIntervalMs);
  // Half-open, as Node's own HTTP server has it: a client that sent all it had is still answered.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
    socket.on('error', (error) => log.debug({ err: error, peer: socket.remoteAddress }, 'client socket failed'));
    if (gate.admit(socket)) http1.serve(socket);
  });
  const { host, reusePort = false } = options;
  const port = await openPort(server, { host, port: options.port, reusePort });
  server.on('error', (error) => log.error({ err: error }, 'the listening socket failed'));
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    stop() {
      if (server.listening) server.close();
      http1.stop();
    },
    destroy() {
      gate.destroy();
    },
  };
}

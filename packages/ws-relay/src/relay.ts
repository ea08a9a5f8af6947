import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { type Gateway, type Relay, systemClock } from '@ocelot/core';
import { BackendTlsStore } from '@ocelot/relay-kit';

import { PendingHandshakes } from './handshake/pending-handshakes.js';
import { proveDirectIo } from './transfer/direct-io.js';
import type { WebSocketRelayOptions } from './options.js';
import { TimerWheel } from './timer-wheel.js';
import { handleUpgrade } from './upgrade-handler.js';

/** What `server.on('upgrade', …)` of node:http and node:https takes. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The WebSocket data plane as a relay. One instance serves any number of gateways. */
export interface WebSocketRelay extends Relay<UpgradeListener> {
  readonly kind: 'upgrade';
}

const NO_DIRECT_IO = 'sockets cannot be read and written directly here: they are served by their streams';

/** How long a handshake may take before a route is known. */
const HANDSHAKE_MS = 10_000;

/**
 * Makes the relay: for hosts that attach a gateway to a server of their own.
 *
 * @example
 * server.on('upgrade', webSocketRelay().listener(gateway));
 */
export function webSocketRelay(options: WebSocketRelayOptions = {}): WebSocketRelay {
  const { accepts } = options;
  const clock = options.clock ?? systemClock;
  const wheel = new TimerWheel(clock);
  const random = options.random ?? Math.random;
  const handshakeMs = options.handshakeMs ?? HANDSHAKE_MS;
  const directIo = options.directIo ?? true;
  return {
    kind: 'upgrade',
    listener(gateway: Gateway): UpgradeListener {
      // Until the trial is over, a few milliseconds, sockets are served by their streams.
      if (directIo) void proveDirectIo().then((works) => works || gateway.log.debug({}, NO_DIRECT_IO));
      const pending = new PendingHandshakes(gateway);
      const backendTls = new BackendTlsStore(options.backendTls, clock, gateway.log);
      const context = { gateway, clock, wheel, random, handshakeMs, pending, backendTls, directIo };
      return (request, socket, head) => {
        if (accepts !== undefined && !accepts(request)) return;
        // Never rejects: every failure is answered inside.
        void handleUpgrade(context, request, socket, head);
      };
    },
  };
}

import type { IncomingMessage } from 'node:http';
import { Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';

import { type Gateway, type Relay, systemClock } from '@ocelot/core';
import { BackendTlsStore } from '@ocelot/relay-kit';

import { Http1Handshake } from './handshake/http1-handshake.js';
import { Http2Handshake } from './handshake/http2-handshake.js';
import { PendingHandshakes } from './handshake/pending-handshakes.js';
import type { WebSocketRelayOptions } from './options.js';
import { TimerWheel } from './timer-wheel.js';
import { proveDirectIo } from './transfer/direct-io.js';
import { handleUpgrade, type UpgradeContext } from './upgrade-handler.js';

/** What `server.on('upgrade', …)` of node:http and node:https takes. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * What `server.on('connect', …)` of a node:http2 server takes. One with `allowHTTP1` tells of a CONNECT over HTTP/1.1 by
 * the same event, with a socket in place of the response: that is answered too, with a refusal.
 */
export type ConnectListener = (
  request: Http2ServerRequest | IncomingMessage,
  response: Http2ServerResponse | Duplex,
  head?: Buffer,
) => void;

/** The WebSocket data plane as a relay. One instance serves any number of gateways. */
export interface WebSocketRelay extends Relay<UpgradeListener, ConnectListener> {
  readonly kind: 'upgrade';
  /**
   * WebSockets over HTTP/2 (RFC 8441). The server has to be made with `settings: { enableConnectProtocol: true }`, or no
   * client asks, and needs a `request` listener too, or Node tells of no CONNECT. One that asks for no WebSocket is
   * refused with 405 or 501.
   */
  connectListener(gateway: Gateway): ConnectListener;
}

const NOTHING = Buffer.alloc(0);
const NO_DIRECT_IO = 'sockets cannot be read and written directly here: they are served by their streams';

/** How long a handshake may take before a route is known. */
const HANDSHAKE_MS = 10_000;

/**
 * Makes the relay: for hosts that attach a gateway to a server of their own.
 *
 * @example
 * server.on('upgrade', webSocketRelay().listener(gateway));
 * http2Server.on('connect', webSocketRelay().connectListener(gateway));
 */
export function webSocketRelay(options: WebSocketRelayOptions = {}): WebSocketRelay {
  const clock = options.clock ?? systemClock;
  const wheel = new TimerWheel(clock);
  const directIo = options.directIo ?? true;
  const contexts = new WeakMap<Gateway, UpgradeContext>();

  /** Both listeners of a gateway share what is counted and what was read. */
  const contextOf = (gateway: Gateway): UpgradeContext => {
    const known = contexts.get(gateway);
    if (known !== undefined) return known;
    // Until the trial is over, a few milliseconds, sockets are served by their streams.
    if (directIo) void proveDirectIo().then((works) => works || gateway.log.debug({}, NO_DIRECT_IO));
    const context: UpgradeContext = {
      gateway,
      clock,
      wheel,
      random: options.random ?? Math.random,
      handshakeMs: options.handshakeMs ?? HANDSHAKE_MS,
      pending: new PendingHandshakes(gateway),
      backendTls: new BackendTlsStore(options.backendTls, clock, gateway.log),
      directIo,
    };
    contexts.set(gateway, context);
    return context;
  };

  // handleUpgrade never rejects: every failure is answered inside.
  return {
    kind: 'upgrade',
    listener(gateway) {
      const context = contextOf(gateway);
      return (request, socket, head) => {
        if (options.accepts?.(request) === false) return;
        void handleUpgrade(context, (gone) => new Http1Handshake({ request, socket, head }, clock, directIo, gone));
      };
    },
    connectListener(gateway) {
      const context = contextOf(gateway);
      return (request, response, head = NOTHING) => {
        if (options.accepts?.(request) === false) return;
        void handleUpgrade(context, (gone) => {
          if (request instanceof Http2ServerRequest) return new Http2Handshake(request, clock, gone);
          return new Http1Handshake({ request, socket: response as Duplex, head }, clock, directIo, gone);
        });
      };
    },
  };
}

import type { IncomingMessage, RequestListener } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';

import type { Gateway } from '@ocelot/core';

import { plainHttp } from '../plain-http.js';

/** What the relays of a gateway answer, by the event of a server that brings it. All listeners of an event are called. */
export interface RelayListeners {
  /** HTTP/1.1: `upgrade`. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** `request`, where relays serve it also with the compatible objects of HTTP/2. */
  request(...args: Parameters<RequestListener>): void;
  /** Whether a relay serves `request`. If none does, clients of HTTP/1.1 are told so. */
  readonly isHttpRelayed: boolean;
  /** HTTP/2: `connect` with `:protocol` (RFC 8441); undefined when no relay serves it. */
  readonly connect: ((request: Http2ServerRequest, response: Http2ServerResponse) => void) | undefined;
}

/** Asks the relays of `gateway` for their listeners, once for all connections. Without one for HTTP, what is no WebSocket gets 426. */
export function relayListeners(gateway: Gateway): RelayListeners {
  const of = (kind: 'upgrade' | 'http'): readonly ((...args: never[]) => void)[] =>
    gateway.relays.filter((relay) => relay.kind === kind).map((relay) => relay.listener(gateway));
  const connects = gateway.relays.flatMap((relay) => relay.connectListener?.(gateway) ?? []);
  const requests = of('http');
  return {
    upgrade: together(of('upgrade')),
    request: together(requests.length > 0 ? requests : [plainHttp(gateway)]),
    isHttpRelayed: requests.length > 0,
    connect: connects.length > 0 ? together(connects) : undefined,
  };
}

/** Core knows no node:* types: which arguments a listener takes follows from the kind of its relay. */
function together(listeners: readonly ((...args: never[]) => void)[]): (...args: readonly unknown[]) => void {
  const [only] = listeners;
  if (only !== undefined && listeners.length === 1) return only as (...args: readonly unknown[]) => void;
  return (...args) => {
    for (const listener of listeners) (listener as (...args: readonly unknown[]) => void)(...args);
  };
}

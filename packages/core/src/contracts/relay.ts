import type { Gateway } from './gateway.js';
import type { GatewayRequest } from './request.js';

/**
 * A data plane for one kind of request: it answers one event of a server that its host owns.
 *
 * @typeParam Listener What the event hands over; for `upgrade`: `(request, socket, head) => void`.
 * @typeParam StreamListener What the event of an HTTP/2 server hands over.
 */
export interface Relay<Listener = (...args: never[]) => void, StreamListener = (...args: never[]) => void> {
  /** `upgrade` → `server.on('upgrade', …)`, `http` → `server.on('request', …)`. */
  readonly kind: GatewayRequest['kind'];
  /** Makes a listener bound to one gateway. It never throws and never leaves a socket unanswered. */
  listener(gateway: Gateway): Listener;
  /**
   * For relays of kind `upgrade` that serve extended CONNECT (RFC 8441) too: makes what `server.on('connect', …)` of a
   * `node:http2` server takes for requests with `:protocol`, `(request, response) => void`.
   */
  connectListener?(gateway: Gateway): StreamListener;
}

import type { Gateway } from './gateway.js';
import type { GatewayRequest } from './request.js';

/**
 * A data plane for one kind of request: it answers one event of a server that its host owns.
 *
 * @typeParam Listener What the event hands over; for `upgrade`: `(request, socket, head) => void`.
 */
export interface Relay<Listener = (...args: never[]) => void> {
  /** `upgrade` → `server.on('upgrade', …)`, `http` → `server.on('request', …)`. */
  readonly kind: GatewayRequest['kind'];
  /** Makes a listener bound to one gateway. It never throws and never leaves a socket unanswered. */
  listener(gateway: Gateway): Listener;
}

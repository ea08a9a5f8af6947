import type { GatewayError } from '../errors/gateway-error.js';
import type { GatewayConfig, GatewaySettings } from '../config/gateway-config.js';
import type { ControlEndpoint } from './control.js';
import type { Admission, Cancellation } from './exchange.js';
import type { Logger } from './logger.js';
import type { Relay } from './relay.js';
import type { GatewayRequest } from './request.js';
import type { Route } from './route.js';
import type { Session } from './session.js';
import type { GatewayEvent } from './telemetry.js';

/** How a gateway is emptied. */
export interface DrainOptions {
  /** After this many milliseconds what is still open is cut. @default GlobalConfiguration.Gateway.Drain.DeadlineMs */
  readonly deadlineMs?: number;
  /** Close frames are spread over this time, so that clients do not reconnect in one wave. @default Drain.SpreadMs */
  readonly spreadMs?: number;
  /** @default Drain.CloseCode (1012) */
  readonly closeCode?: number;
}

/** What came of a drain. */
export interface DrainReport {
  /** Sessions that ended before the deadline. */
  readonly clean: number;
  /** Sessions that were cut at the deadline. */
  readonly killed: number;
  /** Requests without a session that were still running then: whoever owns their connections cuts them. */
  readonly unfinished: number;
  readonly durationMs: number;
}

/**
 * The running gateway: matches, admits, leases, counts and drains. It never sees a socket; relays do.
 *
 * Made by {@link createGateway}. Several gateways in one process know nothing of each other.
 */
export interface Gateway {
  /** The routes in force, in matching order. */
  readonly routes: readonly Route[];
  /** Whether the first segment of a path names its service ({@link resolveDynamic}); there are no `routes` then. */
  readonly isDynamic: boolean;
  /** Counts applied configurations; the first is 1, or `firstRevision` of {@link GatewayOptions}. */
  readonly revision: number;
  /** What the configuration in force says about the process, for whoever owns listeners; a reload may exchange it. */
  readonly settings: GatewaySettings;
  readonly log: Logger;
  /** Relays that plugins registered, for whoever owns the listeners. */
  readonly relays: readonly Relay[];
  /** Calls that plugins registered, for whoever owns the control address. */
  readonly controls: readonly ControlEndpoint[];
  /** Whether {@link Gateway.drain} was called: nothing new is admitted, and connections are not kept alive. */
  readonly isDraining: boolean;
  /** How many sessions are open now. */
  readonly openSessions: number;
  /**
   * Takes one request through match, stages and lease.
   * @param signal Aborted by the relay when the client left or the handshake's time is up.
   * @throws GatewayError ROUTE_NOT_FOUND, NO_ENDPOINT, DRAINING, what a stage refused with, CLIENT_GONE, … Its
   *   `details` hold `exchangeId`, once matched `routeId`, and `requestId` and `traceId` where there are any: for the
   *   log line. When the signal was aborted with a GatewayError as its reason, that one is thrown.
   */
  admit<R extends GatewayRequest>(request: R, signal: Cancellation): Promise<Admission<R>>;
  /** The status a refusal is answered with: the error's own, or Ocelot's under `Gateway.OcelotStatusCodes`. */
  statusOf(error: GatewayError): number;
  /** Takes note of an open session until its `closed` settles. */
  adopt(session: Session): void;
  /** Tells the telemetry sinks. */
  record(event: GatewayEvent): void;
  /**
   * Puts another configuration in force, by one assignment. Open sessions keep the route they have.
   * @throws ConfigError when it cannot be used; the one in force then stays.
   */
  reload(config: GatewayConfig): Promise<{ readonly revision: number }>;
  /**
   * Refuses new requests with 503, asks every session to leave, waits for them and for the requests that were admitted,
   * cuts the sessions that are left at the deadline, then closes pools, providers and plugins. A request that never ends
   * does not hold it. Call it once the listeners are closed, and cut what connections they have left afterwards; further
   * calls return the first one's report.
   */
  drain(options?: DrainOptions): Promise<DrainReport>;
}

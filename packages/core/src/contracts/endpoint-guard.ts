import type { GatewayConfig } from '../config/gateway-config.js';
import type { GatewayError } from '../errors/gateway-error.js';
import type { Endpoint, EndpointLoad } from './endpoint.js';
import type { Exchange } from './exchange.js';
import type { Route } from './route.js';
import type { AttemptOutcome } from './telemetry.js';

/** How one attempt ended. Told exactly once. */
export interface AttemptEnd {
  readonly outcome: AttemptOutcome;
  /** Status of the answer: 101 of an open socket, any other of an HTTP answer or a refusal of the backend. */
  readonly status: number | undefined;
  /** Why it failed. */
  readonly error: GatewayError | undefined;
  readonly durationMs: number;
}

/** Called at the end of the attempt it was made for; what it throws is logged and otherwise ignored. */
export type AttemptWatch = (end: AttemptEnd) => void;

/**
 * Watches over the endpoints of one route: which may be used now, and what became of it. Synchronous, on the way of
 * every request of the route. Several guards of a route are asked in the order of registration.
 */
export interface RouteGuard {
  /**
   * The endpoints that may be used now, in the same order; `candidates` itself when all may. While nothing changes the
   * same array must come back, so that policies can go on caching on its identity. Empty: none may, and the request is
   * refused with `unavailable`. `candidates` has all endpoints but those that failed for this request already. It must
   * not count: it may be called more than once for one request.
   */
  filter(candidates: readonly EndpointLoad[]): readonly EndpointLoad[];
  /**
   * An endpoint was leased: the attempt begins now. It ends with the head of an answer, or when the exchange goes on to
   * another endpoint, or with the exchange. Failed is only what blames the backend ({@link GatewayError.source}).
   * @returns undefined when its end is of no interest.
   */
  begin?(endpoint: Endpoint, exchange: Exchange): AttemptWatch | undefined;
  /** Whether another endpoint may be tried after `cause`, within `Gateway.Retry`. @default true */
  mayRetry?(cause: GatewayError, exchange: Exchange): boolean;
  /** What a request is refused with when `filter` left nothing. @default NO_ENDPOINT */
  unavailable?(exchange: Exchange): GatewayError;
  /** Told at the start, and whenever the endpoints of the route change: what active checks look at. */
  endpoints?(endpoints: readonly Endpoint[]): void;
  /** The route is replaced or gone: frees what it holds. Attempts that run still end. Called once. */
  close?(): void;
}

/** What a plugin registers to decide which endpoints may be used: circuit breakers, health checks. */
export interface EndpointGuard {
  /** For logs; unique in a gateway. */
  readonly name: string;
  /**
   * Called once per route and configuration. State that must outlive a reload is the plugin's own.
   * @returns undefined when this route has no need of it: it then pays nothing.
   * @throws ConfigError when what the file says about the route cannot be done.
   */
  forRoute(route: Route, config: GatewayConfig): RouteGuard | undefined;
}

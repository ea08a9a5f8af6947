import type { ErrorCode } from '../errors/error-codes.js';
import type { Endpoint } from './endpoint.js';
import type { Direction } from './frames.js';
import type { DrainReport } from './gateway.js';
import type { GatewayRequest } from './request.js';
import type { ServiceRef } from './route.js';
import type { Session, SessionSummary } from './session.js';

/** Something that happened. A closed union; never one per frame. */
export type GatewayEvent =
  | {
      readonly type: 'upgrade.refused';
      readonly exchangeId: string;
      readonly routeId: string | undefined;
      /** Undefined when it was no valid request. */
      readonly request: GatewayRequest | undefined;
      /** Undefined when the backend itself refused and its answer was relayed. */
      readonly errorCode: ErrorCode | undefined;
      readonly status: number;
    }
  | {
      /** An HTTP request was answered by a backend; its body may have broken off. */
      readonly type: 'request.finished';
      readonly exchangeId: string;
      readonly routeId: string;
      readonly endpoint: Endpoint;
      readonly status: number;
      /** Set when the answer or the request broke off: who left. */
      readonly errorCode: ErrorCode | undefined;
      /** From the head of the request to the end of the answer. */
      readonly durationMs: number;
      /** Of the bodies. */
      readonly fromClientBytes: number;
      readonly fromBackendBytes: number;
    }
  | {
      /** An HTTP request was answered by the gateway itself. */
      readonly type: 'request.refused';
      readonly exchangeId: string;
      readonly routeId: string | undefined;
      /** Undefined when it was no valid request. */
      readonly request: GatewayRequest | undefined;
      readonly errorCode: ErrorCode;
      readonly status: number;
      /** From the head of the request to its refusal. */
      readonly durationMs: number;
    }
  | {
      readonly type: 'session.opened';
      readonly exchangeId: string;
      readonly routeId: string;
      readonly session: Session;
      readonly endpoint: Endpoint;
      /** Subprotocol that the backend selected; never what a client was told that offered nothing but its token. */
      readonly subprotocol: string | undefined;
      /** From the request to the 101. */
      readonly handshakeMs: number;
    }
  | {
      /** An endpoint was leased to an exchange: the way to it begins. Once more for each retry. */
      readonly type: 'attempt.started';
      readonly exchangeId: string;
      readonly routeId: string;
      readonly endpoint: Endpoint;
    }
  | {
      /** The way to an endpoint ended: with the head of an answer, without one, or given up. */
      readonly type: 'attempt.ended';
      readonly exchangeId: string;
      readonly routeId: string;
      readonly endpoint: Endpoint;
      readonly outcome: AttemptOutcome;
      /** Of the answer. */
      readonly status: number | undefined;
      readonly errorCode: ErrorCode | undefined;
      readonly durationMs: number;
    }
  | {
      /** A limit was reached, on a request or on an open socket. */
      readonly type: 'limit.reached';
      readonly exchangeId: string;
      readonly routeId: string;
      /** Which one, from a small set: `requests`, `messages`, `bytes`, `connections`. */
      readonly limit: string;
      readonly action: 'refuse' | 'pause' | 'drop' | 'close';
      readonly direction: Direction | undefined;
    }
  | {
      /** A circuit breaker changed. `endpoint` is undefined for that of a whole route. */
      readonly type: 'breaker.changed';
      readonly routeId: string;
      readonly endpoint: Endpoint | undefined;
      readonly state: BreakerState;
    }
  | {
      /** What is known of an endpoint's health changed, by a check or by how its calls end. */
      readonly type: 'endpoint.changed';
      readonly routeId: string;
      readonly endpoint: Endpoint;
      readonly state: EndpointState;
      readonly reason: string;
    }
  | {
      /** A store that gateways share, or a service that a plugin asks, cannot be reached, or can again. */
      readonly type: 'dependency.changed';
      /** From a small set: `rate-limit-store`, `jwks`, `introspection`, `otlp-traces`, `otlp-metrics`. */
      readonly name: string;
      readonly isUp: boolean;
      readonly error: Error | undefined;
    }
  | { readonly type: 'session.closed'; readonly summary: SessionSummary }
  | {
      readonly type: 'endpoints.changed';
      readonly service: ServiceRef;
      readonly endpoints: readonly Endpoint[];
    }
  | { readonly type: 'discovery.failed'; readonly service: ServiceRef; readonly error: Error }
  | { readonly type: 'config.applied'; readonly revision: number; readonly routes: number }
  | { readonly type: 'config.rejected'; readonly revision: number; readonly error: Error }
  | { readonly type: 'drain.started'; readonly sessions: number }
  | { readonly type: 'drain.finished'; readonly report: DrainReport };

/** How the way to one endpoint ended: `cancelled` says nothing about the endpoint, the client left or time was up. */
export type AttemptOutcome = 'answered' | 'failed' | 'cancelled';

/** State of a circuit breaker. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** What is known of an endpoint: `ejected` by the ends of its calls, `unhealthy` by active checks. */
export type EndpointState = 'healthy' | 'unhealthy' | 'ejected' | 'warming';

/** Receives events: metrics, tracing, audit. */
export interface Telemetry {
  /** Whether it wants events now; asked before each. @default true */
  readonly isListening?: boolean;
  /** Must return at once. What it throws is logged and otherwise ignored. */
  record(event: GatewayEvent): void;
}

import type { ErrorCode } from '../errors/error-codes.js';
import type { Endpoint } from './endpoint.js';
import type { DrainReport } from './gateway.js';
import type { ServiceRef } from './route.js';
import type { SessionSummary } from './session.js';

/** Something that happened. A closed union; never one per frame. */
export type GatewayEvent =
  | {
      readonly type: 'upgrade.refused';
      readonly exchangeId: string;
      readonly routeId: string | undefined;
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
      readonly errorCode: ErrorCode;
      readonly status: number;
    }
  | { readonly type: 'session.opened'; readonly exchangeId: string; readonly routeId: string }
  | { readonly type: 'session.closed'; readonly summary: SessionSummary }
  | {
      readonly type: 'endpoints.changed';
      readonly service: ServiceRef;
      readonly endpoints: readonly Endpoint[];
    }
  | { readonly type: 'discovery.failed'; readonly service: ServiceRef; readonly error: Error }
  | { readonly type: 'config.applied'; readonly revision: number; readonly routes: number }
  | { readonly type: 'config.rejected'; readonly revision: number; readonly error: Error }
  | { readonly type: 'drain.finished'; readonly report: DrainReport };

/** Receives events: metrics, tracing, audit. */
export interface Telemetry {
  /** Must return at once. What it throws is logged and otherwise ignored. */
  record(event: GatewayEvent): void;
}

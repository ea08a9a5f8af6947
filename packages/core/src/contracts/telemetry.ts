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

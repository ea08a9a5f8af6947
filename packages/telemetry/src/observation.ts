import type {
  Direction,
  Exchange,
  FrameObserver,
  GatewayEvent,
  GatewayRequest,
  OutgoingHeaders,
  Session,
} from '@ocelot/core';

import type { RouteSettings } from './settings/telemetry-settings.js';

/** One event of a type. */
export type EventOf<T extends GatewayEvent['type']> = Extract<GatewayEvent, { readonly type: T }>;

/** What telemetry knows of a route: made once for each configuration. */
export interface RouteView {
  /** What the route is called in metrics and spans: one name for all services of dynamic routing. */
  readonly label: string;
  /** `http.route`; empty where no route answers. */
  readonly template: string;
  readonly settings: RouteSettings;
  /** Undefined: the route makes no spans. */
  readonly tracing: Tracing | undefined;
}

/** Makes the spans of one configuration. */
export interface Tracing {
  /** @param isTrusted Whether the trace that the caller names is continued. */
  begin(exchange: Exchange, view: RouteView, isTrusted: boolean): ExchangeTrace;
  /** A request that no route answers: its span begins and ends now. */
  unmatched(
    event: EventOf<'upgrade.refused' | 'request.refused'>,
    request: GatewayRequest,
    view: RouteView,
    isTrusted: boolean,
  ): void;
}

/** The spans of one exchange. Told of everything in the order in which it happens; nothing after its end. */
export interface ExchangeTrace {
  /** Undefined where the tracer makes no ids. */
  readonly traceId: string | undefined;
  /** Writes `traceparent` and `tracestate` in place of the client's. */
  inject(headers: OutgoingHeaders): void;
  attemptStarted(event: EventOf<'attempt.started'>): void;
  attemptEnded(event: EventOf<'attempt.ended'>): void;
  opened(event: EventOf<'session.opened'>): void;
  /** Something on the way. */
  note(name: string, attributes?: Readonly<Record<string, string | number>>): void;
  closed(event: EventOf<'session.closed'>): void;
  finished(event: EventOf<'request.finished'>): void;
  /** @param code Undefined: the backend refused. */
  refused(status: number, code: string | undefined): void;
  /** Looks at messages; undefined when the connection is not recorded. */
  observer(random: () => number): FrameObserver | undefined;
}

/** One exchange while it lives. */
export interface Observation {
  readonly exchange: Exchange;
  readonly view: RouteView;
  readonly trace: ExchangeTrace | undefined;
  /** `host:port` of the lease in force. */
  endpoint: string | undefined;
  /** Set while a socket is open. */
  session: Session | undefined;
  /** Whether there was a socket. */
  wasOpened: boolean;
  /** Told, but the exchange has not ended: its last attempt ends with it. */
  refusal: EventOf<'upgrade.refused' | 'request.refused'> | undefined;
  /** Whether the exchange has ended. */
  isFinished: boolean;
  /** Whether metrics and spans know the event that ends it. */
  isTold: boolean;
}

/** Names of the directions, as labels. */
export const DIRECTIONS: readonly [Direction, Direction] = ['to-backend', 'to-client'];

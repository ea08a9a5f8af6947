// Hot path: `begin` and the events of an exchange run once or a few times per request; nothing runs per frame.
import type { Exchange, GatewayConfig, GatewayEvent, GatewayRequest } from '@ocelot/core';

import { endpointName } from './metrics/endpoint-name.js';
import { countGatewayEvent, ExchangeMetrics } from './metrics/event-metrics.js';
import { KnownEndpoints } from './metrics/known-endpoints.js';
import type { MetricBook } from './metrics/metric-book.js';
import { DIRECTIONS, type EventOf, type ExchangeTrace, type Observation, type RouteView } from './observation.js';
import type { RouteNames } from './settings/route-names.js';
import type { RouteSettings } from './settings/telemetry-settings.js';

/** What is in force of the configuration, for events that belong to no exchange. */
export interface InForce {
  readonly names: RouteNames;
  /** For requests that no route answers. */
  readonly unmatched: RouteView;
  /** Whether the trace that a caller names is continued. */
  readonly isTrusted: (request: GatewayRequest, settings: RouteSettings) => boolean;
}

const NOTES = {
  'limit.reached': 'limit',
  'breaker.changed': 'breaker',
  'drain.started': 'drain',
} as const;

/**
 * Follows the exchanges of one gateway from their begin to their end, and tells metrics and spans. Owned by the plugin;
 * holds an exchange for as long as the gateway does.
 */
export class Observatory {
  readonly #book: MetricBook;
  readonly #metrics: ExchangeMetrics;
  readonly #endpoints: KnownEndpoints;
  readonly #live = new Map<string, Observation>();
  #inForce: InForce | undefined;

  constructor(book: MetricBook) {
    this.#book = book;
    this.#metrics = new ExchangeMetrics(book);
    this.#endpoints = new KnownEndpoints(book);
  }

  /** Whether any exchange that it was told of is still there. */
  get isBusy(): boolean {
    return this.#live.size > 0;
  }

  /** A configuration is in force. @param inForce Undefined: it asks for nothing. */
  applied(config: GatewayConfig, inForce: InForce | undefined): void {
    this.#inForce = inForce;
    if (inForce === undefined) return;
    this.#book.forgetStates(inForce.names);
    this.#endpoints.configured(config);
  }

  begin(exchange: Exchange, view: RouteView, trace: ExchangeTrace | undefined): void {
    const seen: Observation = {
      exchange,
      view,
      trace,
      endpoint: undefined,
      session: undefined,
      wasOpened: false,
      refusal: undefined,
      isFinished: false,
      isTold: false,
    };
    this.#live.set(exchange.id, seen);
    if (view.settings.isCounted) this.#metrics.began(seen);
    exchange.defer(({ error }) => {
      seen.isFinished = true;
      if (seen.refusal !== undefined) this.#tellRefusal(seen, seen.refusal);
      // A request that a stage refuses ends before its relay tells what it answered: a moment later, in this turn.
      if (seen.isTold) this.#forget(seen);
      else setImmediate(() => this.#lost(seen, error?.status ?? 500, error?.code));
    });
  }

  /** What open sockets have carried so far, added to what closed ones have. */
  transfers(add: (metric: 'messages' | 'socketBytes', labels: readonly string[], amount: number) => void): void {
    const [toBackend, toClient] = DIRECTIONS;
    for (const { session, view } of this.#live.values()) {
      if (session === undefined || !view.settings.isCounted) continue;
      add('messages', [view.label, toBackend], session.fromClient.messages);
      add('messages', [view.label, toClient], session.fromBackend.messages);
      add('socketBytes', [view.label, toBackend], session.fromClient.bytes);
      add('socketBytes', [view.label, toClient], session.fromBackend.bytes);
    }
  }

  record(event: GatewayEvent): void {
    if (this.#inForce !== undefined) countGatewayEvent(event, this.#book, this.#inForce.names);
    switch (event.type) {
      case 'attempt.started':
        return this.#attempt(event);
      case 'attempt.ended':
        return this.#with(event.exchangeId, (seen) => {
          if (seen.view.settings.isCounted) this.#metrics.attempted(event, seen);
          seen.trace?.attemptEnded(event);
        });
      case 'session.opened':
        return this.#with(event.exchangeId, (seen) => {
          seen.session = event.session;
          seen.wasOpened = true;
          if (seen.view.settings.isCounted) this.#metrics.opened(event, seen);
          seen.trace?.opened(event);
        });
      case 'session.closed':
        return this.#end(event.summary.exchangeId, (seen) => {
          seen.session = undefined;
          if (seen.view.settings.isCounted) this.#metrics.closed(event, seen);
          seen.trace?.closed(event);
        });
      case 'request.finished':
        return this.#end(event.exchangeId, (seen) => {
          if (seen.view.settings.isCounted) this.#metrics.finished(event, seen);
          seen.trace?.finished(event);
        });
      case 'upgrade.refused':
      case 'request.refused':
        return this.#refused(event);
      case 'limit.reached': {
        const { limit, action } = event;
        const attributes = { 'ocelot.limit': limit, 'ocelot.action': action };
        return this.#with(event.exchangeId, ({ trace }) => trace?.note(NOTES[event.type], attributes));
      }
      case 'breaker.changed':
        return this.#breaker(event);
      case 'endpoints.changed':
        return this.#endpoints.discovered(event.service, event.endpoints);
      case 'drain.started':
        for (const { trace } of this.#live.values()) trace?.note(NOTES[event.type]);
        return;
      case 'config.applied':
      case 'config.rejected':
      case 'dependency.changed':
      case 'discovery.failed':
      case 'drain.finished':
      case 'endpoint.changed':
        return; // They belong to no exchange.
    }
  }

  #attempt(event: EventOf<'attempt.started'>): void {
    this.#with(event.exchangeId, (seen) => {
      const before = seen.endpoint;
      seen.endpoint = endpointName(event.endpoint);
      if (seen.view.settings.isCounted) {
        if (before !== undefined) this.#metrics.leased(seen, before, -1);
        this.#metrics.leased(seen, seen.endpoint, 1);
      }
      seen.trace?.attemptStarted(event);
    });
  }

  #refused(event: EventOf<'upgrade.refused' | 'request.refused'>): void {
    const seen = this.#live.get(event.exchangeId);
    if (seen !== undefined) {
      if (seen.isFinished) this.#tellRefusal(seen, event);
      else seen.refusal = event;
      return;
    }
    if (event.routeId !== undefined || this.#inForce === undefined) return;
    const { unmatched, isTrusted } = this.#inForce;
    if (unmatched.settings.isCounted) this.#metrics.refused(event, undefined);
    const { request } = event;
    if (request === undefined) return; // Not even a request: nothing that a span could tell.
    unmatched.tracing?.unmatched(event, request, unmatched, isTrusted(request, unmatched.settings));
  }

  #tellRefusal(seen: Observation, event: EventOf<'upgrade.refused' | 'request.refused'>): void {
    if (seen.isTold) return;
    seen.isTold = true;
    if (seen.view.settings.isCounted) this.#metrics.refused(event, seen);
    seen.trace?.refused(event.status, event.errorCode);
  }

  /** A breaker changes by the calls that are on their way to its endpoint. Rare: all exchanges may be looked at. */
  #breaker({ routeId, endpoint, state }: EventOf<'breaker.changed'>): void {
    const name = endpoint && endpointName(endpoint);
    for (const seen of this.#live.values()) {
      if (seen.exchange.route.id !== routeId || seen.session !== undefined) continue;
      if (name === undefined || name === seen.endpoint) {
        seen.trace?.note(NOTES['breaker.changed'], { 'ocelot.state': state, ...(name && { 'ocelot.endpoint': name }) });
      }
    }
  }

  #with(exchangeId: string, tell: (seen: Observation) => void): void {
    const seen = this.#live.get(exchangeId);
    if (seen !== undefined && !seen.isTold) tell(seen);
  }

  #end(exchangeId: string, tell: (seen: Observation) => void): void {
    this.#with(exchangeId, (seen) => {
      tell(seen);
      seen.isTold = true;
    });
  }

  /** A relay that tells nothing leaves no span open. */
  #lost(seen: Observation, status: number, code: string | undefined): void {
    if (!seen.isTold) seen.trace?.refused(status, code);
    seen.isTold = true;
    this.#forget(seen);
  }

  #forget(seen: Observation): void {
    if (!this.#live.delete(seen.exchange.id)) return;
    if (seen.view.settings.isCounted) this.#metrics.gone(seen);
    if (seen.endpoint !== undefined) this.#endpoints.released(seen.endpoint);
  }
}

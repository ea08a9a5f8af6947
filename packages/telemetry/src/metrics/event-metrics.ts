// Hot path: a few calls per request and per socket, none per frame.
import type { BreakerState, EndpointState, GatewayEvent } from '@ocelot/core';

import { DIRECTIONS, type EventOf, type Observation } from '../observation.js';
import type { RouteNames } from '../settings/route-names.js';
import { closeCodeLabel, methodLabel, statusLabel } from './closed-sets.js';
import { endpointName } from './endpoint-name.js';
import type { MetricBook } from './metric-book.js';

const ENDPOINT_STATES = ['healthy', 'unhealthy', 'ejected', 'warming'] as const satisfies readonly EndpointState[];
const BREAKER_STATES = ['closed', 'open', 'half-open'] as const satisfies readonly BreakerState[];
const [TO_BACKEND, TO_CLIENT] = DIRECTIONS;

/** Counts the life of exchanges of routes that are counted. */
export class ExchangeMetrics {
  readonly #book: MetricBook;

  constructor(book: MetricBook) {
    this.#book = book;
  }

  began({ exchange: { request }, view }: Observation): void {
    if (request.kind === 'upgrade') this.#book.add('pendingUpgrades', [view.label]);
    else this.#book.add('activeRequests', [methodLabel(request.method), schemeOf(request.client.tls)]);
  }

  /** The exchange is gone, whatever became of it. */
  gone({ exchange: { request }, view, endpoint, session, wasOpened }: Observation): void {
    if (endpoint !== undefined) this.#book.add('inFlight', [view.label, endpoint], -1);
    if (session !== undefined) this.#book.add('openSockets', [view.label], -1);
    if (request.kind === 'http') {
      this.#book.add('activeRequests', [methodLabel(request.method), schemeOf(request.client.tls)], -1);
    } else if (!wasOpened) this.#book.add('pendingUpgrades', [view.label], -1);
  }

  leased({ view }: Observation, endpoint: string, amount: 1 | -1): void {
    this.#book.add('inFlight', [view.label, endpoint], amount);
  }

  attempted(event: EventOf<'attempt.ended'>, { view }: Observation): void {
    const endpoint = endpointName(event.endpoint);
    this.#book.add('attempts', [view.label, endpoint, event.outcome, event.errorCode]);
    if (event.outcome !== 'cancelled') {
      this.#book.observe('attemptDuration', [view.label, endpoint], event.durationMs / 1000);
    }
  }

  opened(event: EventOf<'session.opened'>, { view: { label } }: Observation): void {
    this.#book.add('pendingUpgrades', [label], -1);
    this.#book.add('openSockets', [label]);
    this.#book.add('upgrades', [label, 'accepted', 101, undefined]);
    this.#book.observe('handshakeDuration', [label], event.handshakeMs / 1000);
  }

  closed({ summary }: EventOf<'session.closed'>, { view: { label } }: Observation): void {
    const { closedBy, closeCode, errorCode, fromClient, fromBackend } = summary;
    this.#book.add('openSockets', [label], -1);
    this.#book.add('closes', [label, closedBy, closeCodeLabel(closeCode, closedBy === 'gateway'), errorCode]);
    this.#book.observe('sessionDuration', [label], summary.durationMs / 1000);
    this.#book.add('messages', [label, TO_BACKEND], fromClient.messages);
    this.#book.add('messages', [label, TO_CLIENT], fromBackend.messages);
    this.#book.add('socketBytes', [label, TO_BACKEND], fromClient.bytes);
    this.#book.add('socketBytes', [label, TO_CLIENT], fromBackend.bytes);
  }

  finished(event: EventOf<'request.finished'>, { exchange: { request }, view }: Observation): void {
    const { errorCode, durationMs } = event;
    const labels = [methodLabel(request.method), schemeOf(request.client.tls), view.template];
    this.#book.observe('requestDuration', [...labels, statusLabel(event.status), errorCode], durationMs / 1000);
    this.#book.add('requestBytes', [view.label, TO_BACKEND], event.fromClientBytes);
    this.#book.add('requestBytes', [view.label, TO_CLIENT], event.fromBackendBytes);
  }

  /** @param seen Undefined: no route answers the request. */
  refused(event: EventOf<'upgrade.refused' | 'request.refused'>, seen: Observation | undefined): void {
    const { status, errorCode } = event;
    if (event.type === 'upgrade.refused') {
      const outcome = errorCode === undefined ? 'refused-by-backend' : 'refused';
      this.#book.add('upgrades', [seen?.view.label, outcome, statusLabel(status), errorCode]);
      return;
    }
    const method = event.request === undefined ? '_OTHER' : methodLabel(event.request.method);
    const labels = [method, schemeOf(event.request?.client.tls === true), seen?.view.template];
    this.#book.observe('requestDuration', [...labels, statusLabel(status), errorCode], event.durationMs / 1000);
  }
}

/** Counts what belongs to no exchange. */
export function countGatewayEvent(event: GatewayEvent, book: MetricBook, names: RouteNames): void {
  switch (event.type) {
    case 'limit.reached':
      return book.add('limits', [names.labelOf(event.routeId), event.limit, event.action, event.direction]);
    case 'breaker.changed': {
      const labels = [names.labelOf(event.routeId), event.endpoint && endpointName(event.endpoint)];
      book.add('breakerChanges', [labels[0], event.state]);
      for (const state of BREAKER_STATES)
        book.of('breakerState').set([...labels, state], state === event.state ? 1 : 0);
      return;
    }
    case 'endpoint.changed': {
      const labels = [names.labelOf(event.routeId), endpointName(event.endpoint)];
      for (const state of ENDPOINT_STATES) {
        book.of('endpointState').set([...labels, state], state === event.state ? 1 : 0);
      }
      return;
    }
    case 'dependency.changed':
      return book.of('dependencyUp').set([event.name], event.isUp ? 1 : 0);
    case 'endpoints.changed': {
      const service = names.serviceLabel(event.service);
      if (service !== undefined) book.of('serviceEndpoints').set([service], event.endpoints.length);
      return;
    }
    case 'discovery.failed':
      return book.add('discoveryFailures', [names.serviceLabel(event.service) ?? 'dynamic']);
    case 'config.applied':
      book.of('revision').set([], event.revision);
      book.of('routes').set([], event.routes);
      return book.add('reloads', ['applied']);
    case 'config.rejected':
      return book.add('reloads', ['rejected']);
    case 'drain.started':
      book.of('draining').set([], 1);
      return book.of('drainSessions').set([], event.sessions);
    case 'drain.finished':
      return book.of('draining').set([], 0);
    case 'attempt.ended':
    case 'attempt.started':
    case 'request.finished':
    case 'request.refused':
    case 'session.closed':
    case 'session.opened':
    case 'upgrade.refused':
      return; // Of one exchange: counted above.
  }
}

function schemeOf(tls: boolean): string {
  return tls ? 'https' : 'http';
}

import type { BreakerState, ControlAnswer, EndpointState as Health } from '@ocelot/core';
import { endpointName } from '@ocelot/relay-kit';

import type { CircuitBreaker } from './breaker/circuit-breaker.js';
import type { EndpointState } from './route/endpoint-state.js';
import type { RouteState } from './route/route-state.js';

/** A circuit breaker, as `GET /resilience` shows it. */
export interface BreakerReport {
  readonly state: BreakerState;
  /** Failures that count now. */
  readonly failures: number;
  readonly retryAfterMs: number;
}

/** An endpoint, as `GET /resilience` shows it. */
export interface EndpointReport {
  readonly endpoint: string;
  readonly state: Health;
  readonly breaker?: BreakerReport;
  readonly ejectedForMs?: number;
  /** Why its last health check failed. */
  readonly lastFailure?: string;
}

/** A route, as `GET /resilience` shows it. */
export interface RouteReport {
  readonly route: string;
  readonly breaker?: BreakerReport;
  readonly retries?: { readonly isSpent: boolean; readonly refused: number };
  readonly endpoints: readonly EndpointReport[];
}

/** What one worker knows. */
export interface WorkerReport {
  /** As log lines number them: from 1, or 0 without workers. */
  readonly worker: number;
  readonly routes: readonly RouteReport[];
}

/** The answer to `GET /resilience`: every worker has breakers and checks of its own. */
export interface ResilienceReport {
  readonly workers: readonly WorkerReport[];
}

/** Describes all routes that use this package, for whoever runs the gateway. */
export function reportOf(worker: number, states: readonly RouteState[]): ResilienceReport {
  return { workers: [{ worker, routes: states.map(routeReport) }] };
}

/** Makes a control answer of a report. */
export function reportAnswer(report: ResilienceReport): ControlAnswer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(report, undefined, 2) };
}

/** Makes one report of those of all workers; answers that are no reports are left out. */
export function mergeReports(answers: readonly ControlAnswer[]): ControlAnswer {
  const reports = answers
    .filter(({ status }) => status === 200)
    .map(({ body }) => JSON.parse(body) as ResilienceReport);
  return reportAnswer({ workers: reports.flatMap(({ workers }) => workers) });
}

function routeReport({ routeId, breaker, retries, present }: RouteState): RouteReport {
  return {
    route: routeId,
    ...(breaker === undefined ? {} : { breaker: breakerReport(breaker) }),
    ...(retries === undefined ? {} : { retries: { isSpent: retries.isSpent, refused: retries.refused } }),
    endpoints: present.map(endpointReport),
  };
}

function endpointReport({ endpoint, state, breaker, outlier, health }: EndpointState): EndpointReport {
  return {
    endpoint: endpointName(endpoint),
    state,
    ...(breaker === undefined ? {} : { breaker: breakerReport(breaker) }),
    ...(outlier?.isEjected === true ? { ejectedForMs: outlier.ejectedForMs } : {}),
    ...(health?.lastFailure === undefined ? {} : { lastFailure: health.lastFailure }),
  };
}

function breakerReport({ state, failures, retryAfterMs }: CircuitBreaker): BreakerReport {
  return { state, failures, retryAfterMs };
}

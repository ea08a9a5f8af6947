import {
  type AttemptEnd,
  createEndpoint,
  type Endpoint,
  type EndpointLoad,
  type Exchange,
  type GatewayEvent,
  readConfiguration,
} from '@ocelot/core';
import { FakeClock, MemoryLogger } from '@ocelot/core/testing';

import { HealthDirectory } from '../../src/health/health-directory.js';
import { readResilience } from '../../src/options/resilience-options.js';
import { CandidateView } from '../../src/route/candidate-view.js';
import { RouteState } from '../../src/route/route-state.js';

/** The state of one route without a gateway around it, for what needs exact time and randomness. */
export interface RouteStand {
  readonly clock: FakeClock;
  readonly state: RouteState;
  readonly view: CandidateView;
  readonly events: readonly GatewayEvent[];
  /** What `random` says next, until another is set. */
  setRandom(value: number): void;
}

/** Makes one for a route with these keys. */
export function routeStand(keys: object): RouteStand {
  const clock = new FakeClock();
  const log = new MemoryLogger();
  const events: GatewayEvent[] = [];
  let random = 0.5;
  const config = readConfiguration({
    Routes: [
      {
        Key: 'app',
        UpstreamPathTemplate: '/',
        DownstreamPathTemplate: '/',
        DownstreamHostAndPorts: [{ Host: 'a', Port: 1 }],
        ...keys,
      },
    ],
  });
  const [route] = config.routes;
  const options = route === undefined ? undefined : readResilience(route, config).options;
  if (route === undefined || options === undefined) throw new Error('the route asks for nothing');
  const state = new RouteState(route, options, {
    clock,
    log,
    random: () => random,
    record: (event) => events.push(event),
    checks: new HealthDirectory({ clock, log, random: () => random, backendTls: undefined }),
  });
  return {
    clock,
    state,
    view: new CandidateView(state),
    events,
    setRandom(value) {
      random = value;
    },
  };
}

/** Endpoints by host. */
export function hosts(...names: readonly string[]): readonly Endpoint[] {
  return names.map((host) => createEndpoint({ host, port: 80 }));
}

/** A pool's candidates. */
export function loads(endpoints: readonly Endpoint[]): readonly EndpointLoad[] {
  return Object.freeze(endpoints.map((endpoint) => ({ endpoint, inFlight: 0 })));
}

/** The hosts among candidates. */
export function names(candidates: readonly EndpointLoad[]): string {
  return candidates.map(({ endpoint }) => endpoint.host).join(' ');
}

const FAILED: AttemptEnd = { outcome: 'failed', status: undefined, error: undefined, durationMs: 1 };
const ANSWERED: AttemptEnd = { outcome: 'answered', status: 101, error: undefined, durationMs: 1 };

/** Begins an attempt at the n-th endpoint. @returns how it ends. */
export function attempt({ state }: RouteStand, index = 0): { readonly fail: () => void; readonly answer: () => void } {
  const endpoint = state.present[index]?.endpoint;
  if (endpoint === undefined) throw new Error('there is no such endpoint');
  // Nothing of the exchange is looked at on routes without early deaths.
  const ended = state.begin(endpoint, {} as Exchange);
  return { fail: () => ended?.(FAILED), answer: () => ended?.(ANSWERED) };
}

import type { EndpointLoad } from '../contracts/endpoint.js';
import type { JsonObject } from '../contracts/json.js';
import type { BalancingPolicy, BalancingPolicyFactory } from '../contracts/load-balancer.js';
import { check, type ConformanceCase } from './conformance-case.js';
import { FakeClock } from './fake-clock.js';
import { testAnswer } from './test-answer.js';
import { testRequest } from './test-request.js';

/** What the suite needs of a balancing policy. */
export interface BalancingConformanceOptions {
  readonly create: BalancingPolicyFactory;
  /** Handed to `create`. @default {} */
  readonly options?: JsonObject;
  /** False: the policy knows no weights, so an endpoint of weight 0 may be picked. @default true */
  readonly knowsWeights?: boolean;
}

const REQUESTS = [
  testRequest(),
  testRequest({ headers: { cookie: 'session=1; other=2' } }),
  testRequest({ headers: { cookie: ';;= ;%;session' }, clientAddress: '2001:db8::1' }),
];

/** A stand of candidates: frozen, as the pool's. */
function candidates(count: number, weight: (index: number) => number = () => 1): readonly EndpointLoad[] {
  return Object.freeze(
    Array.from({ length: count }, (_, index) =>
      Object.freeze({
        endpoint: Object.freeze({
          host: `192.0.2.${index + 1}`,
          port: 80,
          weight: weight(index),
          tags: Object.freeze([]),
          metadata: Object.freeze({}),
        }),
        inFlight: index % 3,
      }),
    ),
  );
}

const BACKEND_HEADERS = ['Content-Type', 'text/plain', 'Set-Cookie', 'theme=dark; Path=/', 'Set-Cookie', 'broken'];

/** The `Cookie` header of a client that took every cookie of an answer. */
function cookiesOf(raw: readonly string[]): string {
  const cookies = raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'set-cookie');
  return cookies.map((cookie) => cookie.split(';', 1)[0]).join('; ');
}

/** A policy with the clock it was given and random numbers that repeat. */
function open(options: BalancingConformanceOptions): { readonly policy: BalancingPolicy; readonly clock: FakeClock } {
  const clock = new FakeClock();
  let step = 0;
  const random = (): number => {
    step = (step + 7) % 16;
    return step / 16;
  };
  return { policy: options.create(options.options ?? {}, { clock, random }), clock };
}

function pickAll(policy: BalancingPolicy, from: readonly EndpointLoad[], times: number): readonly EndpointLoad[] {
  return Array.from({ length: times }, (_, index) => {
    const request = REQUESTS[index % REQUESTS.length] ?? testRequest();
    const picked = policy.pick(from, request, request.client.address);
    check(from.includes(picked), `pick ${index + 1} of ${from.length} candidates is not one of them`);
    return picked;
  });
}

/**
 * What a pool relies on in every {@link BalancingPolicy}, as cases for any test runner.
 *
 * @example
 * for (const { name, run } of balancingConformance({ create: myPolicy })) it(name, run);
 */
export function balancingConformance(options: BalancingConformanceOptions): readonly ConformanceCase[] {
  const requirement = (name: string, body: (policy: BalancingPolicy) => void): ConformanceCase => ({
    name,
    run: async () => {
      const { policy } = open(options);
      try {
        body(policy);
      } finally {
        policy.close?.();
      }
    },
  });
  return [
    requirement('picks one of the candidates, whatever the request', (policy) => {
      for (const count of [1, 2, 3, 10]) pickAll(policy, candidates(count), 50);
    }),
    requirement('follows a membership that grows, shrinks and changes altogether', (policy) => {
      const all = candidates(6);
      for (const set of [all.slice(0, 2), all, all.slice(4), all.slice(0, 1), all.slice(1, 5)])
        pickAll(policy, set, 10);
    }),
    requirement('picks among the rest when a retry leaves one endpoint out', (policy) => {
      const all = candidates(3);
      for (let round = 0; round < 30; round += 1) {
        const [failed] = pickAll(policy, all, 1);
        const rest = all.filter((candidate) => candidate !== failed);
        pickAll(policy, rest, 1);
      }
    }),
    requirement('picks the only candidate even when its weight is 0', (policy) => {
      pickAll(
        policy,
        candidates(1, () => 0),
        3,
      );
      pickAll(
        policy,
        candidates(4, () => 0),
        10,
      );
    }),
    ...(options.knowsWeights === false
      ? []
      : [
          requirement('gives no new work to an endpoint of weight 0 while others have weight', (policy) => {
            const picks = pickAll(
              policy,
              candidates(4, (index) => index % 2),
              40,
            );
            check(
              picks.every((picked) => picked.endpoint.weight > 0),
              'an endpoint of weight 0 was picked',
            );
          }),
        ]),
    requirement('keeps its state to itself: two instances that see the same pick the same', (policy) => {
      const other = open(options).policy;
      const set = candidates(4);
      const [ours, theirs] = [pickAll(policy, set, 30), pickAll(other, set, 30)];
      other.close?.();
      check(
        ours.every((picked, index) => picked === theirs[index]),
        'the picks of one instance changed those of another',
      );
    }),
    requirement('marks answers without touching what else they hold, and finds its mark again', (policy) => {
      const all = candidates(4);
      for (const request of REQUESTS) {
        const picked = policy.pick(all, request, request.client.address);
        const answer = testAnswer(BACKEND_HEADERS);
        policy.mark?.(picked.endpoint, request, answer);
        const kept = answer.raw.slice(0, BACKEND_HEADERS.length);
        check(kept.join('\n') === BACKEND_HEADERS.join('\n'), "a mark changed the backend's own headers");
        const cookie = cookiesOf(answer.raw.slice(BACKEND_HEADERS.length));
        if (cookie === '') continue;
        const next = testRequest({ headers: { cookie } });
        for (let round = 0; round < 5; round += 1)
          check(policy.pick(all, next, '') === picked, 'a client that was marked was sent elsewhere');
      }
    }),
    {
      name: 'leaves no timer behind after close',
      run: async () => {
        const { policy, clock } = open(options);
        pickAll(policy, candidates(3), 20);
        policy.close?.();
        check(clock.pending === 0, `${clock.pending} timers are still set after close`);
      },
    },
  ];
}

import { describe, expect, it } from 'vitest';

import {
  type Admission,
  type AttemptEnd,
  createGateway,
  type Endpoint,
  type Gateway,
  GatewayError,
  type GatewayEvent,
  type Plugin,
  type RouteGuard,
} from '../../src/index.js';
import { FakeClock, MemoryLogger } from '../../src/testing/index.js';
import { request } from '../make-request.js';
import { config, endpoint, route } from '../make-route.js';

const live = (): AbortSignal => new AbortController().signal;
const end = (gateway: Gateway): Promise<unknown> => gateway.drain({ deadlineMs: 0 });
const unreachable = (): GatewayError => new GatewayError('OCELOT_ERR_BACKEND_UNREACHABLE');

const guard = (made: RouteGuard, name = 'guard'): Plugin => ({
  name,
  setup: (to) => to.guard({ name, forRoute: () => made }),
});

const everything: RouteGuard['filter'] = (candidates) => candidates;

/** A guard that writes the ends of attempts down. */
function watching(ends: string[], extra: Partial<RouteGuard> = {}): RouteGuard {
  const tell = ({ port }: Endpoint, { outcome, status, error, durationMs }: AttemptEnd): void =>
    void ends.push(`${port} ${outcome} ${status ?? '-'} ${error?.code.slice(11) ?? '-'} ${durationMs} ms`);
  return { filter: everything, begin: (leased) => (how) => tell(leased, how), ...extra };
}

async function stand(
  ports: readonly number[],
  plugins: readonly Plugin[],
): Promise<{ gateway: Gateway; clock: FakeClock; log: MemoryLogger; admit: () => Promise<Admission> }> {
  const clock = new FakeClock();
  const log = new MemoryLogger();
  const only = route('/', { source: { kind: 'static', endpoints: ports.map((port) => endpoint(port)) } });
  const gateway = await createGateway({ config: config([only]), plugins, clock, log });
  return { gateway, clock, log, admit: () => gateway.admit(request(), live()) };
}

describe('attempts', () => {
  it('are answered by the head of an answer, once', async () => {
    const ends: string[] = [];
    const { gateway, clock, admit } = await stand([1], [guard(watching(ends))]);
    const admission = await admit();
    clock.advance(7);
    expect(ends).toEqual([]);
    admission.answerHeaders(404, []);
    admission.opened();
    admission.finish({ outcome: 'completed' });
    expect(ends).toEqual(['1 answered 404 - 7 ms']);
    await end(gateway);
  });

  it('are answered with 101 by an open session that told of no answer', async () => {
    const ends: string[] = [];
    const { gateway, admit } = await stand([1], [guard(watching(ends))]);
    const admission = await admit();
    admission.opened();
    admission.finish({ outcome: 'completed' });
    expect(ends).toEqual(['1 answered 101 - 0 ms']);
    await end(gateway);
  });

  it('fail when another endpoint is asked for, before it is chosen, and begin anew there', async () => {
    const ends: string[] = [];
    const seen: string[] = [];
    const filter: RouteGuard['filter'] = (candidates) => {
      seen.push(`${candidates.map((each) => each.endpoint.port).join()} after ${ends.length}`);
      return candidates;
    };
    const { gateway, admit } = await stand([1, 2], [guard(watching(ends, { filter }))]);
    const admission = await admit();
    expect(admission.nextLease(unreachable())?.endpoint.port).toBe(2);
    expect(ends).toEqual(['1 failed - BACKEND_UNREACHABLE 0 ms']);
    expect(seen).toEqual(['1,2 after 0', '2 after 0', '2 after 1']);
    admission.answerHeaders(200, []);
    expect(ends.slice(1)).toEqual(['2 answered 200 - 0 ms']);
    admission.finish({ outcome: 'completed' });
    await end(gateway);
  });

  it('go on where there is no other endpoint: a relay may ask the same one again', async () => {
    const ends: string[] = [];
    const { gateway, admit } = await stand([1], [guard(watching(ends))]);
    const again = await admit();
    expect(again.nextLease(unreachable())).toBeUndefined();
    again.answerHeaders(200, []);
    again.finish({ outcome: 'completed' });
    const failed = await admit();
    expect(failed.nextLease(unreachable())).toBeUndefined();
    failed.finish({ outcome: 'refused', error: unreachable() });
    expect(ends).toEqual(['1 answered 200 - 0 ms', '1 failed - BACKEND_UNREACHABLE 0 ms']);
    await end(gateway);
  });

  it.each([
    ['OCELOT_ERR_BACKEND_TIMEOUT', 'failed'],
    ['OCELOT_ERR_BACKEND_HANDSHAKE_INVALID', 'failed'],
    ['OCELOT_ERR_HANDSHAKE_TIMEOUT', 'cancelled'],
    ['OCELOT_ERR_CLIENT_GONE', 'cancelled'],
    ['OCELOT_ERR_STAGE_FAILED', 'cancelled'],
  ] as const)('of a request refused with %s are %s: blame decides', async (code, outcome) => {
    const ends: string[] = [];
    const { gateway, admit } = await stand([1], [guard(watching(ends))]);
    (await admit()).finish({ outcome: 'refused', error: new GatewayError(code) });
    expect(ends).toEqual([`1 ${outcome} - ${code.slice(11)} 0 ms`]);
    await end(gateway);
  });

  it('end before the deferred callbacks of the exchange', async () => {
    const ends: string[] = [];
    const { gateway, admit } = await stand([1], [guard(watching(ends))]);
    const admission = await admit();
    admission.defer(() => ends.push('deferred'));
    admission.finish({ outcome: 'completed' });
    expect(ends).toEqual(['1 cancelled - - 0 ms', 'deferred']);
    await end(gateway);
  });

  it('are told to a sink that was registered while the configuration was prepared', async () => {
    const events: string[] = [];
    const sink: Plugin = {
      name: 'sink',
      setup: (to) =>
        to.configuration({ prepare: () => to.telemetry({ record: ({ type }) => void events.push(type) }) }),
    };
    const { gateway, admit } = await stand([1], [sink]);
    (await admit()).finish({ outcome: 'completed' });
    expect(events.slice(1)).toEqual(['attempt.started', 'attempt.ended']);
    await end(gateway);
  });

  it('are told to telemetry, on routes without guards too', async () => {
    const events: GatewayEvent[] = [];
    const sink: Plugin = { name: 'sink', setup: (to) => to.telemetry({ record: (event) => void events.push(event) }) };
    const { gateway, clock, admit } = await stand([1, 2], [sink]);
    const admission = await admit();
    clock.advance(5);
    admission.nextLease(unreachable());
    clock.advance(2);
    admission.answerHeaders(200, []);
    admission.finish({ outcome: 'completed' });
    const about = { exchangeId: admission.id, routeId: '/' };
    expect(events.filter(({ type }) => type.startsWith('attempt.'))).toEqual([
      { type: 'attempt.started', ...about, endpoint: endpoint(1) },
      {
        type: 'attempt.ended',
        ...about,
        endpoint: endpoint(1),
        outcome: 'failed',
        status: undefined,
        errorCode: 'OCELOT_ERR_BACKEND_UNREACHABLE',
        durationMs: 5,
      },
      { type: 'attempt.started', ...about, endpoint: endpoint(2) },
      {
        type: 'attempt.ended',
        ...about,
        endpoint: endpoint(2),
        outcome: 'answered',
        status: 200,
        errorCode: undefined,
        durationMs: 2,
      },
    ]);
    await end(gateway);
  });
});

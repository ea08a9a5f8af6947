import { describe, expect, it } from 'vitest';

import type { ServiceRef } from '../../src/contracts/route.js';
import type { EndpointFields } from '../../src/runtime/create-endpoint.js';
import { pollingProvider, type PollingProviderOptions } from '../../src/runtime/polling-provider.js';
import { discoveryConformance, FakeClock, ObserverLog } from '../../src/testing/index.js';

const WEB: ServiceRef = { name: 'web', namespace: '' };
const A = { host: '127.0.0.1', port: 7001 };
const B = { host: '127.0.0.1', port: 7002 };

/** A provider on a clock of its own, asking `fetch`. */
function poll(options: Partial<PollingProviderOptions> & Pick<PollingProviderOptions, 'fetch'>) {
  const clock = new FakeClock();
  const log = new ObserverLog();
  const provider = pollingProvider({ intervalMs: 1_000, clock, random: () => 1, ...options });
  return { clock, log, provider };
}

describe('pollingProvider', () => {
  describe('conforms', () => {
    const registry = new Map<string, readonly EndpointFields[]>();
    let clock = new FakeClock();
    let isBroken = false;
    const cases = discoveryConformance({
      createProvider: () => {
        clock = new FakeClock();
        return pollingProvider({
          intervalMs: 50,
          clock,
          fetch: async ({ name }) => {
            if (isBroken) throw new Error('the registry is away');
            return registry.get(name) ?? [];
          },
        });
      },
      setInstances: ({ name }, instances) => void registry.set(name, instances),
      breakRegistry: () => {
        isBroken = true;
      },
      mendRegistry: () => {
        isBroken = false;
      },
      tick: () => clock.advanceAsync(100),
      silenceMs: 20,
    });
    it.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
      await expect(run()).resolves.toBeUndefined();
    });
  });

  it('asks at once, then an interval after each answer', async () => {
    const askedAt: number[] = [];
    const { clock, log, provider } = poll({
      fetch: () => {
        askedAt.push(clock.now());
        return [A];
      },
    });
    provider.subscribe(WEB, log);
    await clock.advanceAsync(2_500);
    expect(askedAt).toEqual([0, 1_000, 2_000]);
    await provider.close();
  });

  it('tells an equal set only once', async () => {
    const { clock, log, provider } = poll({ fetch: () => [{ ...A }] });
    provider.subscribe(WEB, log);
    await clock.advanceAsync(5_000);
    expect(log.sets).toHaveLength(1);
    await provider.close();
  });

  it('tells an equal set again after a failure, so that the observer learns of the recovery', async () => {
    let round = 0;
    const { clock, log, provider } = poll({
      fetch: () => {
        round += 1;
        if (round === 2) throw new Error('away');
        return [A];
      },
    });
    provider.subscribe(WEB, log);
    await clock.advanceAsync(1_500);
    expect(log.errors.map(({ message }) => message)).toEqual(['away']);
    expect(log.sets).toHaveLength(2);
    await provider.close();
  });

  it('tells a changed weight as a change', async () => {
    let weight = 1;
    const { clock, log, provider } = poll({ fetch: () => [{ ...A, weight }] });
    provider.subscribe(WEB, log);
    await clock.advanceAsync(0);
    weight = 5;
    await clock.advanceAsync(1_000);
    expect(log.sets.map((set) => set[0]?.weight)).toEqual([1, 5]);
    await provider.close();
  });

  it('retries fast after a failure, then slower, never slower than its interval or a second', async () => {
    const failedAt: number[] = [];
    const { clock, log, provider } = poll({
      intervalMs: 200,
      fetch: () => {
        failedAt.push(clock.now());
        throw new Error('away');
      },
    });
    provider.subscribe(WEB, log);
    await clock.advanceAsync(4_500);
    expect(failedAt).toEqual([0, 100, 300, 700, 1_500, 2_500, 3_500, 4_500]);
    await provider.close();
  });

  it('spreads retries over half of the wait', async () => {
    const { clock, log, provider } = poll({ random: () => 0, fetch: () => Promise.reject(new Error('away')) });
    provider.subscribe(WEB, log);
    await clock.advanceAsync(0);
    expect(clock.nextDelayMs).toBe(50);
    await provider.close();
  });

  it('gives up on an answer that takes too long, aborts it, and asks again', async () => {
    const signals: AbortSignal[] = [];
    const { clock, log, provider } = poll({
      timeoutMs: 500,
      // Ignores its signal and never answers.
      fetch: (_, signal) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    });
    provider.subscribe(WEB, log);
    await clock.advanceAsync(600);
    expect(log.errors[0]?.message).toBe('the registry did not answer for "web" within 500 ms');
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
    await provider.close();
  });

  it('drops an answer that comes after its time', async () => {
    const answers: ((endpoints: readonly EndpointFields[]) => void)[] = [];
    const { clock, log, provider } = poll({
      timeoutMs: 500,
      fetch: () => new Promise((resolve) => answers.push(resolve)),
    });
    provider.subscribe(WEB, log);
    await clock.advanceAsync(600);
    answers[0]?.([A]);
    answers[1]?.([B]);
    await clock.advanceAsync(0);
    expect(log.addresses).toEqual(['127.0.0.1:7002']);
    expect(log.sets).toHaveLength(1);
    await provider.close();
  });

  it('aborts the running question and leaves no timer when unsubscribed', async () => {
    let seen: AbortSignal | undefined;
    const { clock, log, provider } = poll({
      fetch: (_, signal) => {
        seen = signal;
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      },
    });
    const subscription = provider.subscribe(WEB, log);
    await clock.advanceAsync(0);
    subscription.unsubscribe();
    expect(seen?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
    await clock.advanceAsync(60_000);
    expect(log.calls).toBe(0);
  });

  it('leaves no timer when unsubscribed between two questions, or by the observer', async () => {
    const { clock, log, provider } = poll({ fetch: () => [A] });
    const subscription = provider.subscribe(WEB, log);
    const other = new ObserverLog();
    const leaving = provider.subscribe(WEB, other);
    other.onCall = () => leaving.unsubscribe();
    await clock.advanceAsync(10);
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
    expect(other.sets).toHaveLength(1);
  });

  it('refuses a whole answer that holds an unusable endpoint, and says which', async () => {
    const { clock, log, provider } = poll({ fetch: () => [A, { host: 'evil\r\nX-Admin: 1', port: 80 }] });
    provider.subscribe(WEB, log);
    await clock.advanceAsync(0);
    expect(log.sets).toEqual([]);
    expect(log.errors[0]?.message).toContain('the host is not usable');
    await provider.close();
  });

  it('tells a thrown value that is no Error as one, and an answer that is no list', async () => {
    const answers: unknown[] = ['text', undefined];
    const { clock, log, provider } = poll({
      fetch: () => {
        if (answers.length === 2) throw answers.shift();
        return undefined as never;
      },
    });
    provider.subscribe(WEB, log);
    await clock.advanceAsync(100);
    expect(log.errors.map((error) => error instanceof Error)).toEqual([true, true]);
    await provider.close();
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses an interval of %j', (intervalMs) => {
    expect(() => pollingProvider({ fetch: () => [], intervalMs })).toThrow(
      'intervalMs must be a number of milliseconds above 0',
    );
    expect(() => pollingProvider({ fetch: () => [], intervalMs: 1, timeoutMs: intervalMs })).toThrow(
      'timeoutMs must be',
    );
  });
});

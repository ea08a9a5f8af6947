import { describe, expect, it } from 'vitest';

import { FakeClock, MemoryLogger } from '@ocelot/core/testing';

import { CheckSlots } from '../../src/health/check-slots.js';
import { HealthCheck } from '../../src/health/health-check.js';

/** A check whose results a test gives, one per run; after the last one it goes on with that. */
function stand(results: readonly boolean[], random = 0.5) {
  const clock = new FakeClock();
  const log = new MemoryLogger();
  const told: string[] = [];
  let asked = 0;
  const check = new HealthCheck(
    {
      type: 'tcp',
      path: '/',
      intervalMs: 10_000,
      timeoutMs: 2000,
      healthyThreshold: 2,
      unhealthyThreshold: 3,
      expectedStatus: [],
      headers: {},
      subprotocol: '',
    },
    {
      clock,
      random: () => random,
      slots: new CheckSlots(1),
      log,
      ask: async () => {
        const isWell = results[Math.min(asked, results.length - 1)] ?? true;
        asked += 1;
        if (!isWell) throw new Error('down');
      },
      changed: (isHealthy, reason) => told.push(`${isHealthy}: ${reason}`),
    },
  );
  return { clock, log, told, check, asked: () => asked };
}

describe('HealthCheck', () => {
  it('counts as healthy until its first check has ended, which decides alone', async () => {
    const { clock, check, told, log } = stand([false]);
    expect(check.isHealthy).toBe(true);
    await clock.advanceAsync(500);
    expect([check.isHealthy, check.lastFailure]).toEqual([false, 'down']);
    expect(told).toEqual(['false: down']);
    expect(log.lines).toEqual([{ level: 'warn', message: 'endpoint is unhealthy', fields: { cause: 'down' } }]);
    check.close();
  });

  it('changes only after so many results in a row', async () => {
    const { clock, check, told } = stand([true, false, false, true, false, false, false, true, false, true, true]);
    await clock.advanceAsync(500 + 5 * 10_000);
    expect(check.isHealthy).toBe(true);
    await clock.advanceAsync(10_000);
    expect(check.isHealthy).toBe(false);
    await clock.advanceAsync(3 * 10_000);
    expect(check.isHealthy).toBe(false);
    await clock.advanceAsync(10_000);
    expect(check.isHealthy).toBe(true);
    expect(told).toEqual(['false: down', 'true: its checks pass']);
    check.close();
  });

  it('waits for its interval give or take a tenth', async () => {
    for (const [random, waitMs] of [
      [0, 9000],
      [0.5, 10_000],
      [0.75, 10_500],
    ] as const) {
      const { clock, check, asked } = stand([true], random);
      await clock.advanceAsync(1000 * random);
      expect([asked(), clock.nextDelayMs]).toEqual([1, waitMs]);
      check.close();
    }
  });

  it('leaves no timer once closed, and tells nobody of a check that ran', async () => {
    const { clock, check, told } = stand([false]);
    check.close();
    expect(clock.pending).toBe(0);
    await clock.advanceAsync(60_000);
    expect(told).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';

import { readQualityOfService } from '../../src/options/breaker-options.js';

const read = (options: Record<string, number> | undefined) => readQualityOfService(options, 'endpoint');

describe('readQualityOfService', () => {
  it('asks for nothing without QoSOptions', () => {
    expect(read(undefined)).toEqual({ breaker: undefined, replaced: [] });
  });

  it('takes values in range as they are', () => {
    const options = { MinimumThroughput: 2, BreakDuration: 501, FailureRatio: 1, SamplingDuration: 501 };
    expect(read(options).breaker).toEqual({
      scope: 'endpoint',
      minimumThroughput: 2,
      breakMs: 501,
      failureRatio: 1,
      samplingMs: 501,
    });
  });

  it("fills in Ocelot's defaults without a word", () => {
    expect(read({ MinimumThroughput: 5 })).toEqual({
      breaker: { scope: 'endpoint', minimumThroughput: 5, breakMs: 5000, failureRatio: undefined, samplingMs: 10_000 },
      replaced: [],
    });
    expect(read({ FailureRatio: 0.25 }).breaker).toMatchObject({ minimumThroughput: 100, failureRatio: 0.25 });
  });

  it.each([
    ['MinimumThroughput', 1, 100],
    ['BreakDuration', 500, 5000],
    ['FailureRatio', 1.5, 0.5],
    ['SamplingDuration', 500, 10_000],
    ['Timeout', 10, 30_000],
    ['Timeout', 86_400_000, 30_000],
  ])('replaces %s %d by %d and says so (Ocelot does it in silence)', (key, value, replacedBy) => {
    const { replaced } = read({ MinimumThroughput: 2, [key]: value });
    expect(replaced).toEqual([expect.objectContaining({ key, value, replacedBy })]);
  });

  it('breaks at 100 failures in a row for a time limit alone (Ocelot)', () => {
    expect(read({ Timeout: 2000 }).breaker).toMatchObject({ minimumThroughput: 100, failureRatio: undefined });
  });

  it('is off when nothing that switches it on is above zero (Ocelot)', () => {
    expect(read({ MinimumThroughput: 0, FailureRatio: 0, Timeout: -1, BreakDuration: 1000 }).breaker).toBeUndefined();
  });
});

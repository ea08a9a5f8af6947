import { describe, expect, it } from 'vitest';

import type { MetricDefinition } from '../../src/metrics/catalogue.js';
import { Series } from '../../src/metrics/series.js';

const DEFINITION: MetricDefinition = {
  name: 'ocelot.test',
  kind: 'counter',
  unit: '1',
  description: 'Of a test.',
  labels: ['a', 'b'],
};

const series = (limit: number, overflowed: string[] = []): Series =>
  new Series(
    DEFINITION,
    () => limit,
    (metric) => overflowed.push(metric),
  );

describe('Series', () => {
  it('keeps one value for each combination of labels, and leaves labels without a value out', () => {
    const counts = series(10);
    counts.add(['x', 1], 1);
    counts.add(['x', 1], 2);
    counts.add(['x', undefined], 5);
    counts.set(['y', 2], 7);
    expect([...counts.points]).toEqual([
      { labels: { a: 'x', b: 1 }, value: 3 },
      { labels: { a: 'x' }, value: 5 },
      { labels: { a: 'y', b: 2 }, value: 7 },
    ]);
  });

  it('counts what is beyond the limit together, and tells once', () => {
    const overflowed: string[] = [];
    const counts = series(2, overflowed);
    for (const name of ['one', 'two', 'three', 'four', 'one']) counts.add([name], 1);
    expect([...counts.points]).toEqual([
      { labels: { a: 'one' }, value: 2 },
      { labels: { a: 'two' }, value: 1 },
      { labels: { 'otel.metric.overflow': true }, value: 2 },
    ]);
    expect(counts.labels(['five'])).toEqual({ 'otel.metric.overflow': true });
    expect(overflowed).toEqual(['ocelot.test']);
  });

  it('forgets what is gone, takes others in its place, and takes back from where it was counted', () => {
    const counts = series(1);
    counts.add(['one'], 1);
    counts.add(['two'], 1);
    counts.forget(({ labels }) => labels['a'] === 'one');
    counts.add(['two'], -1);
    counts.add(['three'], 1);
    expect([...counts.points]).toEqual([
      { labels: { a: 'three' }, value: 1 },
      { labels: { 'otel.metric.overflow': true }, value: 0 },
    ]);
  });
});

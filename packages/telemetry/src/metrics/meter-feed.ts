import type { Histogram, Meter, Observable, ObservableCallback, ObservableResult } from '@opentelemetry/api';

import { type MetricDefinition, type MetricName, METRICS } from './catalogue.js';
import type { MetricBook } from './metric-book.js';
import type { Labels, LabelValue } from './series.js';

/** What open sockets have carried so far: see `Observatory.transfers`. */
export type Transfers = (
  add: (metric: 'messages' | 'socketBytes', labels: readonly LabelValue[], amount: number) => void,
) => void;

/**
 * Lets a meter read the book: counters and gauges when it collects, histograms as their values come.
 * @returns lets go of the meter, which may live on: it can be somebody else's.
 */
export function feedMeter(meter: Meter, book: MetricBook, transfers: Transfers): () => void {
  const histograms = new Map<MetricName, Histogram>();
  const undo: (() => void)[] = [];
  for (const [key, series] of book.all) {
    const name = key as MetricName;
    const definition: MetricDefinition = METRICS[name];
    if (definition.kind === 'histogram') {
      histograms.set(name, createHistogram(meter, definition));
      continue;
    }
    const instrument = createObservable(meter, definition);
    const callback: ObservableCallback =
      name === 'messages' || name === 'socketBytes'
        ? (result) => observeLive(result, book, name, transfers)
        : (result) => {
            for (const { labels, value } of series.points) result.observe(value, labels);
          };
    instrument.addCallback(callback);
    undo.push(() => instrument.removeCallback(callback));
  }
  undo.push(book.attach((name, value, labels) => histograms.get(name)?.record(value, labels)));
  return () => {
    for (const step of undo) step();
  };
}

function createObservable(meter: Meter, { name, kind, unit, description }: MetricDefinition): Observable {
  if (kind === 'counter') return meter.createObservableCounter(name, { unit, description });
  if (kind === 'sum') return meter.createObservableUpDownCounter(name, { unit, description });
  return meter.createObservableGauge(name, { unit, description });
}

function createHistogram(meter: Meter, { name, unit, description, buckets }: MetricDefinition): Histogram {
  return meter.createHistogram(name, {
    unit,
    description,
    ...(buckets !== undefined && { advice: { explicitBucketBoundaries: [...buckets] } }),
  });
}

/** Sums what closed sockets carried, which the book has, and what open ones carry. */
function observeLive(
  result: ObservableResult,
  book: MetricBook,
  name: 'messages' | 'socketBytes',
  transfers: Transfers,
): void {
  const series = book.of(name);
  const sums = new Map<Labels, number>();
  transfers((metric, values, amount) => {
    if (metric !== name) return;
    const labels = series.labels(values);
    sums.set(labels, (sums.get(labels) ?? 0) + amount);
  });
  for (const { labels, value } of series.points) result.observe(value + (sums.get(labels) ?? 0), labels);
}

import type { Endpoint } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { KnownEndpoints } from '../../src/metrics/known-endpoints.js';
import { MetricBook } from '../../src/metrics/metric-book.js';

const SERVICE = { name: 'shop', namespace: '' };

const endpoint = (port: number): Endpoint => ({ host: 'a', port, weight: 1, tags: [], metadata: {} });

/** Names of endpoints that the metric knows. */
const told = (book: MetricBook, name: 'attempts' | 'inFlight' | 'endpointState'): unknown[] =>
  [...book.of(name).points].map(({ labels }) => labels['ocelot.endpoint'] ?? 'overflow');

function used(book: MetricBook, port: number): void {
  book.add('inFlight', ['shop', `a:${port}`]);
  book.add('attempts', ['shop', `a:${port}`, 'answered', undefined]);
  book.of('endpointState').set(['shop', `a:${port}`, 'healthy'], 1);
}

describe('KnownEndpoints', () => {
  it('forgets all that is told of endpoints that come and go, so that there is always room for those that are', () => {
    const overflowed: string[] = [];
    const book = new MetricBook((metric) => overflowed.push(metric));
    book.maxSeries = 10;
    const endpoints = new KnownEndpoints(book);
    for (let port = 1; port <= 3600; port += 1) {
      endpoints.discovered(SERVICE, [endpoint(port)]);
      used(book, port);
      book.add('inFlight', ['shop', `a:${port}`], -1);
      endpoints.released(`a:${port}`);
    }
    expect(overflowed).toEqual([]);
    for (const metric of ['attempts', 'inFlight', 'endpointState'] as const)
      expect(told(book, metric)).toEqual(['a:3600']);
  });

  it('keeps what carries sockets until the last one is gone', () => {
    const book = new MetricBook(() => undefined);
    const endpoints = new KnownEndpoints(book);
    endpoints.discovered(SERVICE, [endpoint(1), endpoint(2)]);
    used(book, 1);
    used(book, 2);
    endpoints.discovered(SERVICE, []);
    expect(told(book, 'inFlight')).toEqual(['a:1', 'a:2']);
    book.add('inFlight', ['shop', 'a:1'], -1);
    endpoints.released('a:1');
    expect(told(book, 'inFlight')).toEqual(['a:2']);
    expect(told(book, 'attempts')).toEqual(['a:2']);
  });

  it('keeps an endpoint that another service has, or that came back', () => {
    const book = new MetricBook(() => undefined);
    const endpoints = new KnownEndpoints(book);
    endpoints.discovered(SERVICE, [endpoint(1), endpoint(2)]);
    endpoints.discovered({ name: 'other', namespace: '' }, [endpoint(1)]);
    used(book, 1);
    used(book, 2);
    endpoints.discovered(SERVICE, []);
    endpoints.discovered(SERVICE, [endpoint(2)]);
    book.add('inFlight', ['shop', 'a:1'], -1);
    book.add('inFlight', ['shop', 'a:2'], -1);
    endpoints.released('a:1');
    endpoints.released('a:2');
    expect(told(book, 'attempts')).toEqual(['a:1', 'a:2']);
  });
});

import type { SpanKind } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { eventually } from '@ocelot/test-support';
import { afterEach, beforeEach } from 'vitest';

import { type Stand, type StandOptions, stands } from '../telemetry-stand.js';

/** Stands whose spans a test can read. */
export interface SpanStands {
  readonly stand: (options?: StandOptions) => Promise<Stand>;
  /** A stand with a tracer provider of the test's own. */
  readonly traced: (options?: StandOptions) => Promise<Stand>;
  /** Those that ended. */
  readonly spans: () => readonly ReadableSpan[];
  /** Waits for the end of a span. */
  readonly span: (name: string, kind?: SpanKind) => Promise<ReadableSpan>;
}

/** Sets up and clears away around each test of a file. Call it once, at the top. */
export function spanStands(): SpanStands {
  const stand = stands();
  let exporter: InMemorySpanExporter;
  let tracerProvider: BasicTracerProvider;
  beforeEach(() => {
    exporter = new InMemorySpanExporter();
    tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  });
  afterEach(() => tracerProvider.shutdown());
  return {
    stand,
    traced: (options = {}) => stand({ ...options, options: { tracerProvider } }),
    spans: () => exporter.getFinishedSpans(),
    span: (name, kind) =>
      eventually(
        () => exporter.getFinishedSpans().find((one) => one.name === name && (kind === undefined || one.kind === kind)),
        `the span ${name} ended`,
      ),
  };
}

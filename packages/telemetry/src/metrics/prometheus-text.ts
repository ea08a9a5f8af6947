import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import type { IMetricReader, MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** Attribute of the resource that tells workers apart; becomes a label of every series. */
export const WORKER_ATTRIBUTE = 'ocelot.worker';

/** Words that units become at the end of a name (OpenTelemetry, Prometheus compatibility: metric metadata). */
const UNIT_WORDS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' };

/** What Prometheus reads: a metric reader, and the text of what it collects. */
export interface PrometheusText {
  readonly reader: IMetricReader;
  /** @throws Error (as a rejection) when the meter is shut down. */
  scrape(): Promise<string>;
}

/** Makes the text of Prometheus' exposition format 0.0.4; nothing listens anywhere. */
export function prometheusText(): PrometheusText {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const serializer = new PrometheusSerializer(undefined, false, /^ocelot\.worker$/, false, true);
  return {
    reader,
    async scrape() {
      const { resourceMetrics, errors } = await reader.collect();
      if (errors.length > 0) throw new AggregateError(errors, 'metrics could not be collected');
      const text = serializer.serialize(withUnits(resourceMetrics));
      return text.endsWith('\n') ? text : `${text}\n`;
    },
  };
}

/** The serializer leaves units out of names, where Prometheus wants them. */
function withUnits(metrics: ResourceMetrics): ResourceMetrics {
  return {
    ...metrics,
    scopeMetrics: metrics.scopeMetrics.map((scope) => ({ ...scope, metrics: scope.metrics.map(withUnit) })),
  };
}

function withUnit(metric: MetricData): MetricData {
  const word = UNIT_WORDS[metric.descriptor.unit];
  if (word === undefined || metric.descriptor.name.endsWith(word)) return metric;
  return { ...metric, descriptor: { ...metric.descriptor, name: `${metric.descriptor.name}_${word}` } };
}

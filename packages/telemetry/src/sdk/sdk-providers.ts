import type { MeterProvider as AnyMeterProvider, TracerProvider } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { type IMetricReader, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { PluginHost } from '@ocelot/core';

import type { ProcessSettings } from '../settings/telemetry-settings.js';
import { RouteSampler } from '../traces/route-sampler.js';
import { collectorUrl } from './collector-headers.js';
import { watchDeliveries } from './delivery-watch.js';

/** Longest wait for the last delivery: a plugin has 5 s to close. */
const CLOSE_LIMIT_MS = 3000;

/** What both providers are made of. */
export interface SdkInit {
  readonly settings: ProcessSettings;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Resource;
  readonly host: PluginHost;
  readonly env: NodeJS.ProcessEnv;
}

/** A provider of ours. */
export interface Sdk<P = unknown> {
  readonly provider: P;
  /** Delivers what is left, for at most three seconds, and stops. Never rejected. */
  close(): Promise<void>;
}

/**
 * Opens the SDK for spans. Without a collector there are ids, for log lines and backends, and nothing is kept.
 * @throws ConfigError when the address of the collector is no good.
 */
export async function openTracers(init: SdkInit): Promise<Sdk<TracerProvider>> {
  const { settings, resource, host, env } = init;
  const spanProcessors = await spanProcessorsOf(init);
  if (!isSent(settings) && host.isTrial !== true) {
    host.log.warn({}, 'traces have ids, but are sent nowhere: Gateway.Telemetry.Otlp.Endpoint is not set');
  }
  // Where no key says otherwise, OTEL_TRACES_SAMPLER does.
  const isLeftToEnvironment = env['OTEL_TRACES_SAMPLER'] !== undefined && settings.sampleRatio === undefined;
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors,
    ...(!isLeftToEnvironment && { sampler: new RouteSampler() }),
  });
  return { provider, close: () => closed(() => provider.shutdown(), host, 'traces') };
}

/**
 * Opens the SDK for metrics.
 * @param reader Of Prometheus.
 * @param isPushed Whether they go to the collector too.
 * @throws ConfigError when the address of the collector is no good.
 */
export async function openMeters(
  init: SdkInit,
  reader: IMetricReader | undefined,
  isPushed: boolean,
): Promise<Sdk<AnyMeterProvider>> {
  const { settings, resource, host } = init;
  const readers = reader === undefined ? [] : [reader];
  if (isPushed) readers.push(...(await pushReaders(init)));
  const provider = new MeterProvider({
    resource,
    readers,
    // The book has a limit of its own; the SDK's stands behind it for its own series.
    views: [{ instrumentName: '*', aggregationCardinalityLimit: settings.maxSeries + 2 }],
  });
  return { provider, close: () => closed(() => provider.shutdown({ timeoutMillis: CLOSE_LIMIT_MS }), host, 'metrics') };
}

async function spanProcessorsOf(init: SdkInit): Promise<SpanProcessor[]> {
  if (!isSent(init.settings)) return [];
  const options = exporterOptions(init, '/v1/traces');
  if (init.host.isTrial === true) return [];
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const exporter = new OTLPTraceExporter(options);
  return [new BatchSpanProcessor(watchDeliveries(exporter, 'otlp-traces', init.host))];
}

async function pushReaders(init: SdkInit): Promise<IMetricReader[]> {
  const { timeoutMs, metricsIntervalMs } = init.settings.otlp;
  const options = exporterOptions(init, '/v1/metrics');
  if (init.host.isTrial === true) return [];
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-http');
  const exporter = new OTLPMetricExporter(options);
  return [
    new PeriodicExportingMetricReader({
      exporter: watchDeliveries(exporter, 'otlp-metrics', init.host),
      exportIntervalMillis: metricsIntervalMs,
      exportTimeoutMillis: Math.min(timeoutMs, metricsIntervalMs),
    }),
  ];
}

/** Whether there is a collector. A trial reads all that the configuration says of it, and sends it nothing. */
export function isSent({ otlp }: ProcessSettings): boolean {
  return otlp.endpoint !== undefined || otlp.isFromEnvironment;
}

function exporterOptions(
  { settings: { otlp }, headers }: SdkInit,
  path: string,
): { url?: string; headers?: Record<string, string>; timeoutMillis: number } {
  return {
    timeoutMillis: otlp.timeoutMs,
    ...(otlp.endpoint !== undefined && { url: collectorUrl(otlp.endpoint, path) }),
    ...(Object.keys(headers).length > 0 && { headers: { ...headers } }),
  };
}

/** A collector that does not answer must not hold the end of the gateway. */
function closed(shutdown: () => Promise<void>, { clock, log }: PluginHost, what: string): Promise<void> {
  return new Promise((resolve) => {
    let isOver = false;
    const end = (cause?: string): void => {
      if (isOver) return;
      isOver = true;
      late.clear();
      if (cause !== undefined) log.warn({ what, cause }, 'the last telemetry was not delivered');
      resolve();
    };
    const late = clock.setTimer(CLOSE_LIMIT_MS, () => end(`not within ${CLOSE_LIMIT_MS} ms`));
    shutdown().then(
      () => end(),
      (error: unknown) => end(error instanceof Error ? error.message : String(error)),
    );
  });
}

import {
  createNoopMeter,
  type MeterProvider as AnyMeterProvider,
  metrics,
  ProxyTracerProvider,
  trace,
  type TracerProvider,
} from '@opentelemetry/api';
import type { IMetricReader } from '@opentelemetry/sdk-metrics';
import type { PluginHost } from '@ocelot/core';

import { feedMeter, type Transfers } from '../metrics/meter-feed.js';
import type { MetricBook } from '../metrics/metric-book.js';
import { watchProcess } from '../metrics/process-metrics.js';
import { prometheusText, type PrometheusText } from '../metrics/prometheus-text.js';
import type { Pipeline } from '../pipeline.js';
import type { ProcessSettings } from '../settings/telemetry-settings.js';
import { SpanMaker } from '../traces/span-maker.js';
import { collectorHeaders, fault } from './collector-headers.js';
import { gatewayResource } from './resource.js';
import { openMeters, openTracers, type Sdk } from './sdk-providers.js';

const SCOPE = '@ocelot/telemetry';

/** What a pipeline is made of. */
export interface PipelineInit {
  readonly settings: ProcessSettings;
  readonly isTraced: boolean;
  readonly isCounted: boolean;
  /** Of whoever embeds the gateway; they stay his. */
  readonly tracerProvider: TracerProvider | undefined;
  readonly meterProvider: AnyMeterProvider | undefined;
  readonly host: PluginHost;
  readonly book: MetricBook;
  readonly transfers: Transfers;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Loads what the configuration needs of OpenTelemetry, and opens it: for the plugin, which closes it.
 * @throws ConfigError when the collector's address or headers are no good, or when metrics have nowhere to go.
 */
export async function openPipeline(init: PipelineInit): Promise<Pipeline> {
  const { settings, host } = init;
  const headers = await collectorHeaders(settings.otlp, init.env);
  const resource = gatewayResource(settings, host.member);
  const opened: Sdk[] = [];
  const undo: (() => void)[] = [];

  let tracing: SpanMaker | undefined;
  if (init.isTraced) {
    let provider = init.tracerProvider ?? globalTracers(settings);
    if (provider === undefined) {
      const sdk = await openTracers({ settings, headers, resource, host, env: init.env });
      opened.push(sdk);
      provider = sdk.provider;
    }
    tracing = new SpanMaker(provider.getTracer(SCOPE));
  }

  let text: PrometheusText | undefined;
  if (init.isCounted) {
    text = settings.isPrometheus ? prometheusText() : undefined;
    const meters = await metersOf(init, text?.reader, headers, resource);
    if (meters.sdk !== undefined) opened.push(meters.sdk);
    for (const provider of meters.providers) {
      const meter = provider.getMeter(SCOPE);
      undo.push(feedMeter(meter, init.book, init.transfers), watchProcess(meter));
    }
  }
  return {
    tracing,
    scrape: text && (() => text.scrape()),
    async close() {
      await Promise.all(opened.map((sdk) => sdk.close()));
      for (const step of undo) step();
    },
  };
}

async function metersOf(
  init: PipelineInit,
  reader: IMetricReader | undefined,
  headers: Readonly<Record<string, string>>,
  resource: ReturnType<typeof gatewayResource>,
): Promise<{ readonly providers: AnyMeterProvider[]; readonly sdk: Sdk<AnyMeterProvider> | undefined }> {
  const { settings, host } = init;
  const isSent = settings.otlp.endpoint !== undefined || settings.otlp.isFromEnvironment;
  const foreign = init.meterProvider ?? (isSent || reader !== undefined ? undefined : globalMeters());
  const providers = foreign === undefined ? [] : [foreign];
  if (reader === undefined && (foreign !== undefined || !isSent)) {
    if (foreign !== undefined) return { providers, sdk: undefined };
    throw fault('Endpoint', 'metrics are on, but they go nowhere.', 'Set Prometheus to true, or Otlp.Endpoint.');
  }
  const isOwnSent = isSent && init.meterProvider === undefined;
  const sdk = await openMeters({ settings, headers, resource, host, env: init.env }, reader, isOwnSent);
  return { providers: [...providers, sdk.provider], sdk };
}

/** What is registered with the API, unless the file says where traces go. */
function globalTracers({ otlp }: ProcessSettings): TracerProvider | undefined {
  if (otlp.endpoint !== undefined || otlp.isFromEnvironment) return undefined;
  const registered = trace.getTracerProvider();
  const isEmpty = registered instanceof ProxyTracerProvider && registered.getDelegateTracer(SCOPE) === undefined;
  return isEmpty ? undefined : registered;
}

function globalMeters(): AnyMeterProvider | undefined {
  const registered = metrics.getMeterProvider();
  return registered.getMeter(SCOPE) === createNoopMeter() ? undefined : registered;
}

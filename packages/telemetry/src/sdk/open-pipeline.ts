import {
  createNoopMeter,
  type MeterProvider as AnyMeterProvider,
  metrics,
  ProxyTracerProvider,
  trace,
  type TracerProvider,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { IMetricReader } from '@opentelemetry/sdk-metrics';
import type { PluginHost } from '@ocelot/core';

import { feedMeter, type Transfers } from '../metrics/meter-feed.js';
import type { MetricBook } from '../metrics/metric-book.js';
import { watchProcess } from '../metrics/process-metrics.js';
import { prometheusText } from '../metrics/prometheus-text.js';
import type { Pipeline } from '../pipeline.js';
import type { ProcessSettings } from '../settings/telemetry-settings.js';
import { SpanMaker } from '../traces/span-maker.js';
import { collectorHeaders, fault } from './collector-headers.js';
import { gatewayResource } from './resource.js';
import { isSent, openMeters, openTracers, type Sdk } from './sdk-providers.js';

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

/** With what is read once for both kinds. */
interface Common extends PipelineInit {
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Resource;
}

/**
 * Loads what the configuration needs of OpenTelemetry, and opens it: for the plugin, which closes it.
 * @throws ConfigError when the collector's address or headers are no good, or when metrics have nowhere to go.
 */
export async function openPipeline(init: PipelineInit): Promise<Pipeline> {
  const opened: Sdk[] = [];
  const undo: (() => void)[] = [];
  const close = async (): Promise<void> => {
    // The last delivery reads what is undone behind it.
    await Promise.all(opened.map((sdk) => sdk.close()));
    for (const step of undo) step();
  };
  try {
    const headers = await collectorHeaders(init.settings.otlp, init.env);
    const common = { ...init, headers, resource: gatewayResource(init.settings, init.host.member) };
    const tracing = init.isTraced ? new SpanMaker((await tracersOf(common, opened)).getTracer(SCOPE)) : undefined;
    const text = init.isCounted && init.settings.isPrometheus ? prometheusText() : undefined;
    if (init.isCounted) {
      for (const provider of await metersOf(common, text?.reader, opened)) {
        const meter = provider.getMeter(SCOPE);
        if (init.host.isTrial !== true) undo.push(feedMeter(meter, init.book, init.transfers), watchProcess(meter));
      }
    }
    return { tracing, scrape: text && (() => text.scrape()), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The caller's provider, the registered one, or one of ours. */
async function tracersOf(init: Common, opened: Sdk[]): Promise<TracerProvider> {
  const foreign = init.tracerProvider ?? globalTracers(init.settings);
  if (foreign !== undefined) return foreign;
  const sdk = await openTracers(init);
  opened.push(sdk);
  return sdk.provider;
}

/** Who is told the metrics: the caller's provider or the registered one, and one of ours for what the file asks for. */
async function metersOf(init: Common, reader: IMetricReader | undefined, opened: Sdk[]): Promise<AnyMeterProvider[]> {
  const isPushed = init.meterProvider === undefined && isSent(init.settings);
  const isOwn = isPushed || reader !== undefined;
  const foreign = init.meterProvider ?? (isOwn ? undefined : globalMeters());
  if (!isOwn && foreign === undefined) {
    throw fault('Endpoint', 'metrics are on, but they go nowhere.', 'Set Prometheus to true, or Otlp.Endpoint.');
  }
  const providers = foreign === undefined ? [] : [foreign];
  if (!isOwn) return providers;
  const sdk = await openMeters(init, reader, isPushed);
  opened.push(sdk);
  return [...providers, sdk.provider];
}

/** What is registered with the API, unless the file says where traces go. */
function globalTracers(settings: ProcessSettings): TracerProvider | undefined {
  if (isSent(settings)) return undefined;
  const registered = trace.getTracerProvider();
  const isEmpty = registered instanceof ProxyTracerProvider && registered.getDelegateTracer(SCOPE) === undefined;
  return isEmpty ? undefined : registered;
}

function globalMeters(): AnyMeterProvider | undefined {
  const registered = metrics.getMeterProvider();
  return registered.getMeter(SCOPE) === createNoopMeter() ? undefined : registered;
}

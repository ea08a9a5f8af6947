import { createSlot, type ControlAnswer, type FrameObserver, type Plugin, type Slot, TRACE_ID } from '@ocelot/core';

import { Configurations } from './configurations.js';
import { mergeTexts } from './metrics/merge-texts.js';
import { MetricBook } from './metrics/metric-book.js';
import type { ExchangeTrace } from './observation.js';
import { Observatory } from './observatory.js';
import type { TelemetryOptions } from './telemetry-options.js';

/** Version 0.0.4 is what the serializer of OpenTelemetry writes. */
const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const UNSEEN: FrameObserver = { frame() {} };
const TRACE: Slot<ExchangeTrace> = createSlot<ExchangeTrace>('telemetry');

/**
 * Traces and metrics by OpenTelemetry (`Gateway.Telemetry`, `HttpHandlerOptions.UseTracing`), for the command line and
 * for those who embed the gateway. Register it before the plugins whose refusals it is to see. While no configuration
 * asks for anything, nothing of OpenTelemetry is loaded, no stage runs and no event is made.
 */
export function telemetry(options: TelemetryOptions = {}): Plugin {
  return {
    name: '@ocelot/telemetry',
    supports: ['UseTracing', 'Telemetry'],
    setup(registry) {
      const { host } = registry;
      const book = new MetricBook((metric) =>
        host.log.warn({ metric }, 'a metric has too many series: further ones are counted together'),
      );
      const observatory = new Observatory(book);
      const configurations = new Configurations({ options, host, book, observatory, env: process.env });
      registry.telemetry({
        // A gateway that nobody listens to makes no events of attempts. Exchanges of a configuration that is gone are
        // followed to their end.
        get isListening() {
          return configurations.isWanted || observatory.isBusy;
        },
        record: (event) => observatory.record(event),
      });
      registry.configuration(configurations);
      registry.stage({
        name: 'telemetry',
        phase: 'begin',
        forRoute(route, config) {
          const view = configurations.view(route, config);
          if (view === undefined) return undefined;
          const isTrusted = configurations.trustOf(config);
          return (exchange) => {
            const trace = view.tracing?.begin(exchange, view, isTrusted(exchange.request, view.settings));
            observatory.begin(exchange, view, trace);
            if (trace === undefined) return;
            exchange.set(TRACE, trace);
            if (trace.traceId !== undefined) exchange.set(TRACE_ID, trace.traceId);
          };
        },
      });
      registry.stage({
        name: 'trace-context',
        phase: 'transform',
        forRoute: (route, config) =>
          configurations.view(route, config)?.tracing === undefined
            ? undefined
            : (exchange) => exchange.get(TRACE)?.inject(exchange.outgoing.headers),
      });
      registry.tap({
        name: 'telemetry',
        forRoute(route, config) {
          const view = configurations.view(route, config);
          if (view?.tracing === undefined || view.settings.messageEvents === 0) return undefined;
          return { observe: ({ exchange }) => exchange.get(TRACE)?.observer(host.random) ?? UNSEEN };
        },
      });
      registry.control({
        method: 'GET',
        path: '/metrics',
        description: 'Metrics for Prometheus.',
        handle: () => metricsAnswer(configurations.scrape),
        merge: mergeAnswers,
      });
      registry.onClose(() => configurations.close());
    },
  };
}

async function metricsAnswer(scrape: (() => Promise<string>) | undefined): Promise<ControlAnswer> {
  if (scrape !== undefined) return { status: 200, contentType: PROMETHEUS_TEXT, body: await scrape() };
  const body = 'Metrics are off: set GlobalConfiguration.Gateway.Telemetry.Prometheus to true.\n';
  return { status: 404, contentType: 'text/plain; charset=utf-8', body };
}

/** Of workers that cannot answer nothing is told; of the others everything. */
function mergeAnswers(answers: readonly ControlAnswer[]): ControlAnswer {
  const texts = answers.filter(({ status }) => status === 200).map(({ body }) => body);
  const [first] = answers;
  if (texts.length > 0) return { status: 200, contentType: PROMETHEUS_TEXT, body: mergeTexts(texts) };
  return first ?? { status: 503, contentType: 'text/plain; charset=utf-8', body: 'No worker answered.\n' };
}

import { readConfiguration, type Route } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { brokenVariables, processSettings, routeSettings } from '../../src/settings/telemetry-settings.js';

const NOTHING = { isTraced: false, isCounted: false };

function configured(global: object, own: object = {}, keys: object = {}): ReturnType<typeof readConfiguration> {
  return readConfiguration({
    Routes: [
      {
        UpstreamPathTemplate: '/a',
        DownstreamPathTemplate: '/a',
        DownstreamScheme: 'ws',
        DownstreamHostAndPorts: [{ Host: 'b', Port: 1 }],
        Gateway: { Telemetry: own },
        ...keys,
      },
    ],
    GlobalConfiguration: { Gateway: { Telemetry: global } },
  });
}

function routeOf(config: ReturnType<typeof readConfiguration>): Route | undefined {
  return config.routes[0];
}

describe('routeSettings', () => {
  it('is off unless it is asked for', () => {
    const config = configured({});
    expect(routeSettings(routeOf(config), config, NOTHING)).toEqual({
      isTraced: false,
      isCounted: false,
      sampleRatio: undefined,
      trustParent: 'always',
      longSpans: 'whole',
      messageEvents: 0,
      hasClientAddress: false,
      hasUrlPath: false,
    });
  });

  const tracing = { HttpHandlerOptions: { UseTracing: true } };
  it.each([
    ['the global key', { Traces: true }, {}, {}, true],
    ['the route over the global key', { Traces: true }, { Traces: false }, {}, false],
    ['UseTracing of the route', {}, {}, tracing, true],
    ['UseTracing over a global false', { Traces: false }, {}, tracing, true],
    ['the route’s own key over its UseTracing', {}, { Traces: false }, tracing, false],
  ])('traces by %s', (_, global, own, keys, expected) => {
    const config = configured(global, own, keys);
    expect(routeSettings(routeOf(config), config, NOTHING).isTraced).toBe(expected);
  });

  it.each([
    ['Prometheus', { Prometheus: true }, {}, true],
    ['a route that is left out', { Prometheus: true }, { Metrics: false }, false],
    ['a route alone', {}, { Metrics: true }, true],
    ['Metrics: false over what is served', { Prometheus: true, Metrics: false }, {}, false],
  ])('counts by %s', (_, global, own, expected) => {
    const config = configured(global, own);
    expect(routeSettings(routeOf(config), config, NOTHING).isCounted).toBe(expected);
  });

  it('takes each key of the route over the global one', () => {
    const config = configured(
      { SampleRatio: 0.5, TrustParent: 'never', LongSpans: 'split', UrlPath: true },
      { SampleRatio: '0.25', TrustParent: 'Proxies' },
    );
    expect(routeSettings(routeOf(config), config, NOTHING)).toMatchObject({
      sampleRatio: 0.25,
      trustParent: 'proxies',
      longSpans: 'split',
      hasUrlPath: true,
    });
  });
});

describe('processSettings', () => {
  it('takes the collector of the file over that of the environment', () => {
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://other:4318' };
    const file = processSettings(configured({ Otlp: { Endpoint: 'http://here:4318' } }), env).otlp;
    expect(file).toMatchObject({ endpoint: 'http://here:4318', isFromEnvironment: false });
    expect(processSettings(configured({}), env).otlp).toMatchObject({ endpoint: undefined, isFromEnvironment: true });
    expect(processSettings(configured({}), {}).otlp).toMatchObject({ endpoint: undefined, isFromEnvironment: false });
  });

  it('reads what the SDK is made with', () => {
    const section = { ServiceName: 'edge', Resource: { tier: 'one' }, SampleRatio: 0.1, MaxSeries: 50 };
    expect(processSettings(configured(section), {})).toMatchObject({
      serviceName: 'edge',
      resource: { tier: 'one' },
      sampleRatio: 0.1,
      maxSeries: 50,
    });
  });
});

describe('brokenVariables', () => {
  it('names variables that hold no http or https address, which exporters pass over in silence', () => {
    expect(
      brokenVariables({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces',
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: ':::',
      }),
    ).toEqual(['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT']);
    expect(brokenVariables({ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' })).toEqual([]);
  });
});

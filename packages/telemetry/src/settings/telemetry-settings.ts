import type { GatewayConfig, JsonObject, JsonValue, Route } from '@ocelot/core';

const ENDPOINT_VARIABLES = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
];

/** Whose trace context is continued. */
export type TrustParent = 'always' | 'proxies' | 'never';

/** Whether the span of a connection lives as long as its socket. */
export type LongSpans = 'whole' | 'split';

/** What `Gateway.Telemetry` says about the process. */
export interface ProcessSettings {
  readonly isPrometheus: boolean;
  /** Whether the command line has an address that it serves control endpoints on. */
  readonly hasAdmin: boolean;
  readonly otlp: OtlpSettings;
  /** Undefined: the SDK's, from the environment. */
  readonly serviceName: string | undefined;
  readonly resource: Readonly<Record<string, string>>;
  /** Undefined where the file says nothing: the SDK may then take its sampler from the environment. */
  readonly sampleRatio: number | undefined;
  /** Label combinations of one metric. */
  readonly maxSeries: number;
}

/** `Gateway.Telemetry.Otlp`, with `OTEL_*` where the file is silent. */
export interface OtlpSettings {
  readonly endpoint: string | undefined;
  /** No endpoint in the file but one in the environment, where the exporters find it themselves. */
  readonly isFromEnvironment: boolean;
  readonly headersFile: string | undefined;
  readonly headersEnv: string | undefined;
  readonly timeoutMs: number;
  readonly metricsIntervalMs: number;
}

/** What is in force on one route. */
export interface RouteSettings {
  readonly isTraced: boolean;
  readonly isCounted: boolean;
  readonly sampleRatio: number | undefined;
  readonly trustParent: TrustParent;
  readonly longSpans: LongSpans;
  /** Share of messages, 0 to 1. */
  readonly messageEvents: number;
  readonly hasClientAddress: boolean;
  readonly hasUrlPath: boolean;
}

/** What is on without a word in the file: what whoever embeds the gateway handed over. */
export interface TelemetryDefaults {
  readonly isTraced: boolean;
  readonly isCounted: boolean;
}

/** `GlobalConfiguration.Gateway.Telemetry` as written. */
function telemetrySection(config: GatewayConfig): JsonObject {
  return section(section(config.global, 'Gateway'), 'Telemetry');
}

/** Reads what the configuration says about the process. */
export function processSettings(config: GatewayConfig, env: NodeJS.ProcessEnv): ProcessSettings {
  const global = telemetrySection(config);
  const otlp = section(global, 'Otlp');
  return {
    isPrometheus: global['Prometheus'] === true,
    hasAdmin: Object.keys(section(section(config.global, 'Gateway'), 'Admin')).length > 0,
    otlp: {
      endpoint: text(otlp['Endpoint']),
      isFromEnvironment:
        text(otlp['Endpoint']) === undefined && ENDPOINT_VARIABLES.some((name) => text(env[name]) !== undefined),
      headersFile: text(otlp['HeadersFile']),
      headersEnv: text(otlp['HeadersEnv']),
      timeoutMs: number(otlp['TimeoutMs']) ?? 10_000,
      metricsIntervalMs: number(otlp['MetricsIntervalMs']) ?? 60_000,
    },
    serviceName: text(global['ServiceName']),
    resource: texts(section(global, 'Resource')),
    sampleRatio: number(global['SampleRatio']),
    maxSeries: number(global['MaxSeries']) ?? 2000,
  };
}

/** @returns the variables that name a collector whose address is none, which the exporters would pass over in silence. */
export function brokenVariables(env: NodeJS.ProcessEnv): readonly string[] {
  return ENDPOINT_VARIABLES.filter((name) => {
    const value = text(env[name]);
    return value !== undefined && !(URL.canParse(value) && /^https?:/i.test(value));
  });
}

/**
 * Reads what is in force on a route: its own keys, then `HttpHandlerOptions.UseTracing`, then the global ones.
 * @param route Undefined: for requests that no route answers.
 */
export function routeSettings(
  route: Route | undefined,
  config: GatewayConfig,
  defaults: TelemetryDefaults,
): RouteSettings {
  const global = telemetrySection(config);
  const own = route === undefined ? {} : section(section(route.file, 'Gateway'), 'Telemetry');
  const both = { ...global, ...own };
  const globalMetrics = flag(global['Metrics']) ?? (global['Prometheus'] === true || defaults.isCounted);
  return {
    isTraced:
      flag(own['Traces']) ?? (route?.options.tracing === true ? true : (flag(global['Traces']) ?? defaults.isTraced)),
    isCounted: flag(own['Metrics']) ?? globalMetrics,
    sampleRatio: number(both['SampleRatio']),
    trustParent: choice(both['TrustParent'], ['always', 'proxies', 'never']),
    longSpans: choice(both['LongSpans'], ['whole', 'split']),
    messageEvents: number(both['MessageEvents']) ?? 0,
    hasClientAddress: both['ClientAddress'] === true,
    hasUrlPath: both['UrlPath'] === true,
  };
}

function section(value: JsonObject, key: string): JsonObject {
  const inner = value[key];
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as JsonObject) : {};
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function number(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function flag(value: JsonValue | undefined): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** The schema lets only these in; the first one is the default. */
function choice<T extends string>(value: JsonValue | undefined, values: readonly [T, ...T[]]): T {
  return values.find((candidate) => candidate === value) ?? values[0];
}

function texts(value: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => text(entry[1]) !== undefined),
  );
}

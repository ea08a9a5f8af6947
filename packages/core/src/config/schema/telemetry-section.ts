import { decimal, flag, integer, map, object, type KeySchema, type ObjectKey, text } from './key-schema.js';

/** Keys of `Gateway.Telemetry` that stand in the global section and on each route; the route's value wins. */
const ROUTE_KEYS: Readonly<Record<string, KeySchema>> = {
  Traces: flag(
    'Make a span of every request and of every WebSocket connection, and pass the W3C trace context on to the backend. `HttpHandlerOptions.UseTracing` switches it on for one route; `false` on a route switches it off.',
  ),
  Metrics: flag('Count requests, sockets, messages, closes, endpoints and limits. `false` on a route leaves it out.'),
  SampleRatio: decimal(
    'Share of the traces that begin at this gateway, 0 to 1, which are recorded. A trace that a caller began is recorded when the caller says so (see `TrustParent`).',
    { default: 1, minimum: 0, maximum: 1 },
  ),
  TrustParent: text(
    'Whose `traceparent` is continued. `always`: everybody’s, as Ocelot does; clients then decide about their own traces, sampling included. `proxies`: that of peers in `TrustedProxies`. `never`: each request begins a trace of its own. Where it is not continued, the new trace holds a link to it.',
    { default: 'always', values: ['always', 'proxies', 'never'] },
  ),
  LongSpans: text(
    'What a WebSocket connection is in a trace. `whole`: one span from the request to the end of the socket; its child `handshake` ends at the 101, so that the connection is seen at once. `split`: the span of the request ends at the 101, and its child `websocket` tells of the open socket once that ends.',
    { default: 'whole', values: ['whole', 'split'] },
  ),
  MessageEvents: decimal(
    'Share of the messages of a recorded connection, 0 to 1, that become events of its span: direction, type and size, never content; at most 100 for each connection. Not in opaque mode, which knows no messages.',
    { default: 0, minimum: 0, maximum: 1 },
  ),
  ClientAddress: flag('Put the address of the client into spans (`client.address`): personal data in many countries.'),
  UrlPath: flag(
    'Put the path of the request into spans (`url.path`) as the client sent it. Off: the template of the route stands there, since paths may hold names and tokens. The query never gets into a span.',
  ),
};

/** `Routes[].Gateway.Telemetry`. */
export const ROUTE_TELEMETRY: ObjectKey = object(
  'RouteTelemetry',
  'Traces and metrics of one route. Each key wins over the one of GlobalConfiguration.Gateway.Telemetry.',
  ROUTE_KEYS,
  { needs: '@ocelot/telemetry' },
);

/** `GlobalConfiguration.Gateway.Telemetry`. */
export const GLOBAL_TELEMETRY: ObjectKey = object(
  'GlobalTelemetry',
  'Traces and metrics by OpenTelemetry. Everything is off unless it is asked for here. The variables `OTEL_*` that the OpenTelemetry SDK knows count where no key of this section says otherwise.',
  {
    ...ROUTE_KEYS,
    Prometheus: flag(
      'Serve the metrics in the text format of Prometheus: `GET /metrics` on the address of `Gateway.Admin`. Switches `Metrics` on.',
    ),
    Otlp: object('TelemetryOtlp', 'Where traces and metrics are sent to, by OTLP over HTTP.', {
      Endpoint: text(
        'Base URL of the collector; `/v1/traces` and `/v1/metrics` are added. Without it `OTEL_EXPORTER_OTLP_ENDPOINT` counts.',
        { examples: ['http://localhost:4318'] },
      ),
      HeadersFile: text(
        'File with headers for the collector, `name: value` on each line: for keys that do not belong into a configuration. Read when a configuration is taken in force.',
      ),
      HeadersEnv: text(
        'Name of an environment variable with headers for the collector, `name=value,name=value`. Without it, and without `HeadersFile`, `OTEL_EXPORTER_OTLP_HEADERS` counts.',
      ),
      TimeoutMs: integer('How long one delivery may take, retries included, in milliseconds.', {
        default: 10_000,
        minimum: 100,
        maximum: 60_000,
      }),
      MetricsIntervalMs: integer('How often metrics are sent, in milliseconds.', {
        default: 60_000,
        minimum: 1000,
        maximum: 3_600_000,
      }),
    }),
    ServiceName: text('`service.name` of the gateway. Without it `OTEL_SERVICE_NAME` counts, else `ocelot`.'),
    Resource: map(
      'Further attributes of the resource, by name: `deployment.environment.name`. They win over `OTEL_RESOURCE_ATTRIBUTES`.',
    ),
    MaxSeries: integer(
      'Most combinations of labels of one metric, old ones included; further ones are counted together under `otel_metric_overflow="true"`, which is logged once.',
      { default: 2000, minimum: 10, maximum: 100_000 },
    ),
  },
  { needs: '@ocelot/telemetry' },
);

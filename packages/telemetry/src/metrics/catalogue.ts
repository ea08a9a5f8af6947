/** One metric: what `GET /metrics`, the OTLP exporter, the guide and the dashboard know it by. */
export interface MetricDefinition {
  /** By OpenTelemetry's conventions where they have one, else under `ocelot.`. */
  readonly name: string;
  /** `sum` goes up and down, and sums of it over routes or workers mean something; a gauge stands for itself. */
  readonly kind: 'counter' | 'sum' | 'gauge' | 'histogram';
  /** UCUM, as OpenTelemetry wants it: `s`, `By`, `{request}`. */
  readonly unit: string;
  readonly description: string;
  /** Attributes, in the order in which values are given. All come from the configuration or from a closed set. */
  readonly labels: readonly string[];
  /** Upper ends of the buckets of a histogram. */
  readonly buckets?: readonly number[];
}

/** Labels by which series are forgotten. */
export const ROUTE = 'ocelot.route';
export const ENDPOINT = 'ocelot.endpoint';
export const SERVICE = 'ocelot.service';
const DIRECTION = 'ocelot.direction';
const METHOD = 'http.request.method';
const STATUS = 'http.response.status_code';
const ERROR = 'error.type';
/** OpenTelemetry's advice for `http.server.request.duration`. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const LONG_SECONDS = [1, 10, 60, 300, 900, 3600, 14_400, 43_200, 86_400];

function counter(name: string, unit: string, description: string, labels: readonly string[]): MetricDefinition {
  return { name, kind: 'counter', unit, description, labels };
}

function sum(name: string, unit: string, description: string, labels: readonly string[]): MetricDefinition {
  return { name, kind: 'sum', unit, description, labels };
}

function gauge(name: string, unit: string, description: string, labels: readonly string[]): MetricDefinition {
  return { name, kind: 'gauge', unit, description, labels };
}

function histogram(
  name: string,
  description: string,
  labels: readonly string[],
  buckets: readonly number[],
): MetricDefinition {
  return { name, kind: 'histogram', unit: 's', description, labels, buckets };
}

/** What the code calls a metric. */
export type MetricName =
  | 'requestDuration'
  | 'activeRequests'
  | 'requestBytes'
  | 'openSockets'
  | 'pendingUpgrades'
  | 'upgrades'
  | 'handshakeDuration'
  | 'sessionDuration'
  | 'closes'
  | 'messages'
  | 'socketBytes'
  | 'attempts'
  | 'attemptDuration'
  | 'inFlight'
  | 'endpointState'
  | 'breakerState'
  | 'breakerChanges'
  | 'limits'
  | 'dependencyUp'
  | 'serviceEndpoints'
  | 'discoveryFailures'
  | 'revision'
  | 'routes'
  | 'reloads'
  | 'draining'
  | 'drainSessions';

/** Everything that is counted, by the name the code calls it. */
export const METRICS: Readonly<Record<MetricName, MetricDefinition>> = {
  requestDuration: histogram(
    'http.server.request.duration',
    'Duration of HTTP requests that are no upgrades, from their head to the end of the answer.',
    [METHOD, 'url.scheme', 'http.route', STATUS, ERROR],
    SECONDS,
  ),
  activeRequests: sum('http.server.active_requests', '{request}', 'HTTP requests that are being served.', [
    METHOD,
    'url.scheme',
  ]),
  requestBytes: counter('ocelot.http.io', 'By', 'Bytes of the bodies of HTTP requests and answers.', [
    ROUTE,
    DIRECTION,
  ]),
  openSockets: sum('ocelot.websocket.connections', '{connection}', 'Open WebSocket connections.', [ROUTE]),
  pendingUpgrades: sum('ocelot.websocket.pending_upgrades', '{upgrade}', 'Upgrades that were not answered yet.', [
    ROUTE,
  ]),
  upgrades: counter('ocelot.websocket.upgrades', '{upgrade}', 'Upgrades that were answered.', [
    ROUTE,
    'ocelot.outcome',
    STATUS,
    ERROR,
  ]),
  handshakeDuration: histogram(
    'ocelot.websocket.handshake.duration',
    'Time from the request to the 101.',
    [ROUTE],
    SECONDS,
  ),
  sessionDuration: histogram(
    'ocelot.websocket.session.duration',
    'Time from the 101 to the end of both sockets.',
    [ROUTE],
    LONG_SECONDS,
  ),
  closes: counter('ocelot.websocket.closes', '{connection}', 'WebSocket connections that ended.', [
    ROUTE,
    'ocelot.side',
    'ocelot.close_code',
    ERROR,
  ]),
  messages: counter('ocelot.websocket.messages', '{message}', 'Data messages through WebSocket connections.', [
    ROUTE,
    DIRECTION,
  ]),
  socketBytes: counter('ocelot.websocket.io', 'By', 'Bytes through WebSocket connections.', [ROUTE, DIRECTION]),
  attempts: counter('ocelot.endpoint.attempts', '{attempt}', 'Calls to endpoints, each retry counted.', [
    ROUTE,
    ENDPOINT,
    'ocelot.outcome',
    ERROR,
  ]),
  attemptDuration: histogram(
    'ocelot.endpoint.attempt.duration',
    'Time from the lease of an endpoint to the head of its answer.',
    [ROUTE, ENDPOINT],
    SECONDS,
  ),
  inFlight: sum('ocelot.endpoint.in_flight', '{lease}', 'Requests and sockets that an endpoint carries.', [
    ROUTE,
    ENDPOINT,
  ]),
  endpointState: gauge('ocelot.endpoint.state', '1', '1 for the state that an endpoint is in, else 0.', [
    ROUTE,
    ENDPOINT,
    'ocelot.state',
  ]),
  breakerState: gauge('ocelot.breaker.state', '1', '1 for the state that a circuit breaker is in, else 0.', [
    ROUTE,
    ENDPOINT,
    'ocelot.state',
  ]),
  breakerChanges: counter('ocelot.breaker.changes', '{change}', 'Changes of circuit breakers.', [
    ROUTE,
    'ocelot.state',
  ]),
  limits: counter('ocelot.limits', '{event}', 'Limits that were reached.', [
    ROUTE,
    'ocelot.limit',
    'ocelot.action',
    DIRECTION,
  ]),
  dependencyUp: gauge('ocelot.dependency.up', '1', 'Whether a service that the gateway needs can be reached.', [
    'ocelot.dependency',
  ]),
  serviceEndpoints: gauge('ocelot.service.endpoints', '{endpoint}', 'Endpoints of a discovered service.', [SERVICE]),
  discoveryFailures: counter('ocelot.discovery.failures', '{failure}', 'Failures to look a service up.', [SERVICE]),
  revision: gauge('ocelot.config.revision', '{revision}', 'Number of the configuration in force.', []),
  routes: gauge('ocelot.config.routes', '{route}', 'Routes of the configuration in force.', []),
  reloads: counter('ocelot.config.reloads', '{configuration}', 'Configurations taken in force or refused.', [
    'ocelot.outcome',
  ]),
  draining: gauge('ocelot.drain.active', '1', 'Whether the gateway is being emptied.', []),
  drainSessions: gauge('ocelot.drain.sessions', '{connection}', 'Sessions that were open when draining began.', []),
};

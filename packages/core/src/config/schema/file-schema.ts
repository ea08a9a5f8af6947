import type { JsonValue } from '../../contracts/json.js';
import { GLOBAL_GATEWAY } from './gateway-section.js';
import { flag, integer, list, map, object, type ObjectKey, text, texts } from './key-schema.js';
import {
  AUTHENTICATION,
  CACHE,
  grouped,
  HTTP_HANDLER,
  LOAD_BALANCER,
  METADATA_OPTIONS,
  QOS,
  RATE_LIMIT,
  SECURITY,
  SERVICE_DISCOVERY,
} from './option-objects.js';
import { DYNAMIC_ROUTE, HTTP_VERSION_KEYS, ROUTE } from './route-schema.js';

/** `Aggregates[].RouteKeysConfig[]`. */
const ROUTE_KEYS_CONFIG = object(
  'RouteKeysConfig',
  'How one route of an aggregate is fed from the first.',
  {
    RouteKey: text('Key of the route.'),
    JsonPath: text('Where the values stand in the body of the first response.'),
    Parameter: text('Placeholder that takes a value.'),
  },
  { oldNames: { ReRouteKey: { schema: text('Earlier name of RouteKey.'), becomes: 'RouteKey' } } },
);

/** `Aggregates[]`. */
const AGGREGATE: ObjectKey = object(
  'Aggregate',
  'Several routes answered as one; plain HTTP only.',
  {
    RouteKeys: texts('Keys of the routes.', { scope: 'http' }),
    RouteKeysConfig: list('How routes are fed from the first one.', ROUTE_KEYS_CONFIG, { scope: 'http' }),
    UpstreamPathTemplate: text('Template that the path of the request is matched against.'),
    UpstreamHost: text('Host that the request must name.'),
    UpstreamHttpMethod: texts('Methods; GET is always among them, as in .NET.', { default: ['GET'] }),
    UpstreamHeaderTemplates: map('Headers that must match.'),
    RouteIsCaseSensitive: flag('Compare templates with case.'),
    Priority: integer('Higher is asked first.', { default: 1 }),
    Aggregator: text('.NET class that joins the responses.', { scope: 'http' }),
  },
  {
    oldNames: {
      ReRouteKeys: { schema: texts('Earlier name of RouteKeys.'), becomes: 'RouteKeys' },
      ReRouteKeysConfig: {
        schema: list('Earlier name of RouteKeysConfig.', ROUTE_KEYS_CONFIG),
        becomes: 'RouteKeysConfig',
      },
      ReRouteIsCaseSensitive: {
        schema: flag('Earlier name of RouteIsCaseSensitive.'),
        becomes: 'RouteIsCaseSensitive',
      },
    },
  },
);

const GLOBAL_CACHE: ObjectKey = grouped(CACHE);

/** `GlobalConfiguration`. */
const GLOBAL: ObjectKey = object(
  'GlobalConfiguration',
  'Defaults for all routes and settings of the gateway.',
  {
    BaseUrl: text('Public address of the gateway: the value of {BaseUrl} in header transforms.', {
      examples: ['https://api.example.com'],
    }),
    ServiceDiscoveryProvider: SERVICE_DISCOVERY,
    LoadBalancerOptions: grouped(LOAD_BALANCER),
    DownstreamScheme: text('Scheme of the backends under dynamic routing; static routes name their own.', {
      examples: ['ws', 'wss', 'http', 'https'],
    }),
    SecurityOptions: SECURITY,
    Timeout: integer('Default of `Timeout`, in seconds.'),
    Metadata: map('Free data, merged into the Metadata of every route.'),
    MetadataOptions: METADATA_OPTIONS,
    Gateway: GLOBAL_GATEWAY,
    AuthenticationOptions: grouped(AUTHENTICATION),
    QoSOptions: grouped(QOS),
    RateLimitOptions: grouped(RATE_LIMIT),
    CacheOptions: GLOBAL_CACHE,
    HttpHandlerOptions: grouped(HTTP_HANDLER),
    ...HTTP_VERSION_KEYS,
    UpstreamHeaderTransform: ROUTE.keys['UpstreamHeaderTransform'] ?? map(''),
    DownstreamHeaderTransform: ROUTE.keys['DownstreamHeaderTransform'] ?? map(''),
    RequestIdKey: ROUTE.keys['RequestIdKey'] ?? text(''),
  },
  {
    oldNames: { FileCacheOptions: { schema: GLOBAL_CACHE, becomes: 'CacheOptions' } },
    obsolete: {
      AdministrationPath: 'Remove it: the administration interface is configured elsewhere since Ocelot 3.',
      UseServiceDiscovery: 'Remove it: a ServiceName on a route switches discovery on.',
    },
  },
);

function concatenated(old: JsonValue, existing: JsonValue | undefined): JsonValue {
  return [
    ...(Array.isArray(existing) ? (existing as JsonValue[]) : []),
    ...(Array.isArray(old) ? (old as JsonValue[]) : []),
  ];
}

/** The whole file. */
export const CONFIG_FILE: ObjectKey = object(
  'ocelot.json',
  'Configuration of an Ocelot gateway.',
  {
    $schema: text('Address of the JSON schema of this file, for editors.'),
    Routes: list('Static routes.', ROUTE),
    DynamicRoutes: list(
      'Settings of single services under dynamic routing (no static route, and a registry with a port).',
      DYNAMIC_ROUTE,
    ),
    Aggregates: list('Several routes answered as one.', AGGREGATE, {
      scope: 'http',
      unsupported: 'responses are not joined yet',
    }),
    GlobalConfiguration: GLOBAL,
  },
  {
    oldNames: {
      ReRoutes: { schema: list('Earlier name of Routes.', ROUTE), becomes: 'Routes', translate: concatenated },
      DynamicReRoutes: {
        schema: list('Earlier name of DynamicRoutes.', DYNAMIC_ROUTE),
        becomes: 'DynamicRoutes',
        translate: concatenated,
      },
    },
  },
);

import type { JsonObject, JsonValue, Route } from '@ocelot/core';

/** What a route asks of a client and does to its requests, as `ocelot explain` tells it: names only, no secrets. */
export interface RouteDemands {
  /** Providers that may vouch (`AuthenticationProviderKeys`); empty: nobody is asked who they are. */
  readonly authentication: readonly string[];
  /** `AllowedScopes`: one of them is needed. */
  readonly scopes: readonly string[];
  /** Claims of `RouteClaimsRequirement`. */
  readonly claims: readonly string[];
  readonly limits: readonly string[];
  /** What watches over the endpoints. */
  readonly resilience: readonly string[];
  /** What changes on the way, by the key that says so and the names that it changes. */
  readonly transforms: readonly string[];
}

/** Reads what a route asks for. */
export function demandsOf(route: Route): RouteDemands {
  const authentication = route.options.authentication ?? {};
  const isAnonymous = authentication['AllowAnonymous'] === true;
  return {
    authentication: isAnonymous
      ? []
      : unique([
          ...texts(authentication['AuthenticationProviderKey']),
          ...texts(authentication['AuthenticationProviderKeys']),
        ]),
    scopes: isAnonymous ? [] : texts(authentication['AllowedScopes']),
    claims: names(route.file['RouteClaimsRequirement']),
    limits: limits(route),
    resilience: resilience(route),
    transforms: transforms(route),
  };
}

function limits(route: Route): readonly string[] {
  const { options, limits: own } = route;
  return [
    ...requestLimit(options.rateLimit ?? {}),
    ...section('Gateway.RateLimit', options.gateway['RateLimit']),
    ...counted('connections', own.maxConnections),
    ...counted('connections of one address', own.maxConnectionsPerIp),
    ...counted('bytes a message', own.maxMessageBytes),
    ...counted('frames a message', own.maxFramesPerMessage),
    ...counted('frames a second', own.maxFrameRate),
  ];
}

function requestLimit(rateLimit: JsonObject): readonly string[] {
  const { EnableRateLimiting: isEnabled, Limit: limit, Period: period } = rateLimit;
  if (isEnabled === false || typeof limit !== 'number' || limit <= 0) return [];
  return [`${limit} requests in ${typeof period === 'string' && period !== '' ? period : '1s'}`];
}

function counted(what: string, most: number): readonly string[] {
  return most > 0 ? [`${most} ${what}`] : [];
}

function resilience({ options }: Route): readonly string[] {
  const { qualityOfService = {}, gateway } = options;
  const failures = qualityOfService['MinimumThroughput'];
  const breaks = typeof failures === 'number' && failures > 0 ? [`circuit breaker after ${failures} failures`] : [];
  return [...breaks, ...section('Gateway.Resilience', gateway['Resilience'])];
}

const TRANSFORMS = [
  'AddClaimsToRequest',
  'AddHeadersToRequest',
  'AddQueriesToRequest',
  'ChangeDownstreamPathTemplate',
] as const;

function transforms({ file, options, headerTransforms }: Route): readonly string[] {
  return [
    ...TRANSFORMS.flatMap((key) => section(key, file[key])),
    ...headers('UpstreamHeaderTransform', headerTransforms.request),
    ...headers('DownstreamHeaderTransform', headerTransforms.answer),
    ...(options.requestIdKey === undefined ? [] : [`RequestIdKey: ${options.requestIdKey}`]),
    ...(options.tracing ? ['UseTracing'] : []),
  ];
}

function headers(key: string, changes: Route['headerTransforms']['request']): readonly string[] {
  return changes.length === 0 ? [] : [`${key}: ${unique(changes.map(({ name }) => name)).join(', ')}`];
}

/** A section that has something in it, with the names of its keys. */
function section(name: string, value: JsonValue | undefined): readonly string[] {
  const keys = names(value);
  return keys.length === 0 ? [] : [`${name}: ${keys.join(', ')}`];
}

function names(value: JsonValue | undefined): readonly string[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

function texts(value: JsonValue | undefined): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((text): text is string => typeof text === 'string' && text !== '');
}

function unique(list: readonly string[]): readonly string[] {
  return [...new Set(list)];
}

/** As wide as the other words that begin a line of `ocelot explain`. */
const HEADINGS: Readonly<Record<keyof RouteDemands, string>> = {
  authentication: 'asks     authentication by',
  scopes: 'asks     one of the scopes',
  claims: 'asks     the claims',
  limits: 'limits  ',
  resilience: 'watches  endpoints by',
  transforms: 'changes ',
};

/** The same for people, one line for each kind. */
export function demandLines(demands: RouteDemands): readonly string[] {
  return Object.entries(HEADINGS).flatMap(([kind, heading]) => {
    const list = demands[kind as keyof RouteDemands];
    return list.length === 0 ? [] : [`${heading} ${list.join('; ')}`];
  });
}

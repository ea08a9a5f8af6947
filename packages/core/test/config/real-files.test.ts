import { readFileSync, readdirSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { inspectConfiguration, overlayConfig, parseConfigText } from '../../src/index.js';

// Files modelled on what public repositories hold: dialects, dumps, old names, other packages' keys, slips of the pen.

const FOLDER = new URL('files/', import.meta.url);

function load(name: string) {
  return parseConfigText(readFileSync(new URL(name, FOLDER)), name);
}

/** File → routes, and each warning as `kind pointer`. */
const LOADS: Readonly<Record<string, { readonly routes: number; readonly warnings: readonly string[] }>> = {
  'aggregates.json': { routes: 2, warnings: ['OldName /Aggregates/0/ReRouteKeys', 'NotSupportedYet /Aggregates'] },
  'authentication.json': {
    routes: 3,
    warnings: [
      'NeedsPlugin /Routes/0/AuthenticationOptions',
      'NeedsPlugin /Routes/2/RouteClaimsRequirement',
      'NeedsPlugin /Routes/2/AddHeadersToRequest',
    ],
  },
  'byte-order-mark.json': { routes: 1, warnings: [] },
  'commented-out.json': { routes: 0, warnings: ['NoRoutes '] },
  'different-placeholders.json': { routes: 1, warnings: ['PlaceholderUnfilled /Routes/0/DownstreamPathTemplate'] },
  'dump-of-nulls.json': { routes: 1, warnings: [] },
  'dump-with-old-names.json': { routes: 1, warnings: ['OldName /ReRoutes'] },
  'empty-placeholder.json': { routes: 2, warnings: [] },
  'eureka.json': {
    routes: 1,
    warnings: ['ObsoleteKey /Routes/0/UseServiceDiscovery', 'NotAnObject /Routes/0/LoadBalancerOptions'],
  },
  'gbk-comments.json': { routes: 1, warnings: ['NotUtf8 '] },
  'global-only.json': { routes: 0, warnings: [] },
  'host-settings.json': { routes: 1, warnings: [] },
  'kubernetes.json': { routes: 1, warnings: [] },
  'legacy-single-host.json': {
    routes: 1,
    warnings: [
      'OldName /ReRoutes/0/DownstreamHost',
      'OldName /ReRoutes/0/DownstreamPort',
      'OldName /ReRoutes/0/LoadBalancer',
      'OldName /ReRoutes',
    ],
  },
  'missing-port.json': { routes: 1, warnings: ['MissingPort /Routes/0/DownstreamHostAndPorts/0'] },
  'misspelt-keys.json': {
    routes: 1,
    warnings: [
      'UnknownKey /Routes/0/AuthenticationOptions/AllowScopes',
      'UnknownKey /Routes/0/ReRoutesCaseSensitive',
      'UnknownKey /Routes/0/UseServiceDisConvery',
      'UnknownKey /GlobalConfiguratioin',
      'UnknownKey /GlobbalConfiguration',
      'NeedsPlugin /Routes/0/AuthenticationOptions',
    ],
  },
  'no-method.json': { routes: 1, warnings: ['UnknownMethod /Routes/0/UpstreamHttpMethod/1'] },
  'old-options.json': {
    routes: 1,
    warnings: [
      'OldName /Routes/0/QoSOptions/DurationOfBreak',
      'OldName /Routes/0/QoSOptions/ExceptionsAllowedBeforeBreaking',
      'OldName /Routes/0/QoSOptions/TimeoutValue',
      'OldName /Routes/0/RateLimitOptions/PeriodTimespan',
      'OldName /Routes/0/FileCacheOptions',
      'NotSupportedYet /Routes/0/FileCacheOptions',
      'NeedsPlugin /Routes/0/QoSOptions',
      'NeedsPlugin /Routes/0/RateLimitOptions',
    ],
  },
  'other-case.json': { routes: 1, warnings: [] },
  'polling-seconds.json': {
    routes: 1,
    warnings: ['UnknownKey /GlobalConfiguration/ServiceDiscoveryProvider/PollingIntervalSeconds'],
  },
  'reroutes.json': {
    routes: 1,
    warnings: ['OldName /ReRoutes/0/ReRouteIsCaseSensitive', 'OldName /ReRoutes'],
  },
  'services-base.json': { routes: 2, warnings: [] },
  'signalr-hub.json': { routes: 2, warnings: [] },
  'swagger-for-ocelot.json': { routes: 1, warnings: [] },
  'text-scalars.json': { routes: 1, warnings: [] },
  'trailing-commas.json': { routes: 1, warnings: [] },
  'typed-placeholder.json': { routes: 2, warnings: [] },
  'utf-16.json': { routes: 1, warnings: [] },
};

/** File → each error as `kind pointer`: what Ocelot refuses too, or what makes sense only over another file. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'no-leading-slash.json': ['UpstreamPathNoLeadingSlash /Routes/0/UpstreamPathTemplate'],
  'services-only.json': [
    'DownstreamPathEmpty /Routes/0',
    'UpstreamPathEmpty /Routes/0',
    'DownstreamPathEmpty /Routes/1',
    'UpstreamPathEmpty /Routes/1',
  ],
};

const shown = (issue: { readonly kind: string; readonly source: string }): string =>
  `${issue.kind} ${issue.source.slice(issue.source.indexOf('#') + 1)}`;

describe('files as they are found', () => {
  it.each(Object.entries(LOADS))('%s loads with exactly these warnings', (name, expected) => {
    const { config, issues } = inspectConfiguration(load(name));
    expect(issues.map(shown)).toEqual(expected.warnings);
    expect(issues.every((issue) => issue.severity === 'warning')).toBe(true);
    expect(config?.routes).toHaveLength(expected.routes);
  });

  it.each(Object.entries(REFUSED))('%s is refused with exactly these errors', (name, expected) => {
    const { config, issues } = inspectConfiguration(load(name));
    expect(config).toBeUndefined();
    expect(issues.filter((issue) => issue.severity === 'error').map(shown)).toEqual(expected);
  });

  it('covers every file of the folder', () => {
    const known = [...Object.keys(LOADS), ...Object.keys(REFUSED)];
    expect(readdirSync(FOLDER).toSorted()).toEqual(known.toSorted());
  });

  it('reads routes that hold nothing but a ServiceName over the file they complete', () => {
    const { config } = inspectConfiguration(overlayConfig(load('services-base.json'), load('services-only.json')));
    expect(config?.routes.map((route) => [route.match.pathTemplate, route.source])).toEqual([
      ['/orders/{everything}', { kind: 'discovered', service: { name: 'orders', namespace: '' } }],
      ['/users/{everything}', { kind: 'discovered', service: { name: 'users', namespace: '' } }],
    ]);
    expect(config?.discovery).toMatchObject({ type: 'Consul', options: { Host: 'consul', Port: 8500 } });
  });
});

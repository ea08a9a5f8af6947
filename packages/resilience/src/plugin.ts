import type { SecureContextOptions } from 'node:tls';

import type { GatewayConfig, Plugin, PluginHost, Route } from '@ocelot/core';

import { HealthDirectory } from './health/health-directory.js';
import { type ReadResilience, readResilience } from './options/resilience-options.js';
import { mergeReports, reportAnswer, reportOf } from './report.js';
import { RouteStates } from './route/route-states.js';

/** What the plugin may be given. */
export interface ResiliencePluginOptions {
  /**
   * What health checks connect to TLS backends with where a route names no files; give the same to the relays.
   * @default Node's own authorities
   */
  readonly backendTls?: SecureContextOptions;
}

/**
 * Circuit breakers (`QoSOptions`), retry budgets, ejection, health checks and slow start (`Gateway.Resilience`): a plugin
 * for `createGateway`. A route that asks for none of it pays nothing.
 *
 * @example
 * const gateway = await createGateway({ config, plugins: [resilience()] });
 */
export function resilience(options: ResiliencePluginOptions = {}): Plugin {
  return {
    name: '@ocelot/resilience',
    supports: ['QoSOptions', 'Resilience'],
    setup(registry) {
      const { host } = registry;
      const { clock, log, random } = host;
      const checks = new HealthDirectory({ clock, log, random, backendTls: options.backendTls });
      const states = new RouteStates({
        clock,
        log,
        random,
        checks,
        record: (event) => host.record(event),
      });
      const told = new WeakMap<GatewayConfig, Set<string>>();
      registry.guard({
        name: 'resilience',
        forRoute(route, config) {
          const read = readResilience(route, config);
          // Services of dynamic routing share a place in the file, and clients name them: each place is told of once.
          const places = told.get(config) ?? new Set();
          if (!places.has(route.location)) warn(route, read, host);
          told.set(config, places.add(route.location));
          return read.options === undefined ? undefined : states.guard(route, read.options);
        },
      });
      registry.control({
        method: 'GET',
        path: '/resilience',
        description: 'State of circuits, endpoints, health checks and retry budgets.',
        handle: () => reportAnswer(reportOf(host.member === undefined ? 0 : host.member.index + 1, states.all)),
        merge: mergeReports,
      });
      registry.onClose(() => {
        states.close();
        checks.close();
      });
    },
  };
}

/** Ocelot replaces values out of range in silence; here the log names them. */
function warn(route: Route, { replaced, dropsSlowStart }: ReadResilience, { log }: PluginHost): void {
  for (const { key, value, replacedBy, allowed } of replaced) {
    log.warn(
      { route: route.id, source: `${route.location}/QoSOptions/${key}`, value, allowed, replacedBy },
      'an option of QoSOptions is out of range: its default holds',
    );
  }
  if (dropsSlowStart) {
    log.warn(
      { route: route.id, source: `${route.location}/Gateway/Resilience/SlowStartMs`, balancer: route.balancing.type },
      'no slow start on this route: its balancer keeps clients with their endpoint',
    );
  }
}

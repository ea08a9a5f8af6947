import type { SecureContextOptions } from 'node:tls';

import type { GatewayConfig, Plugin, PluginHost, Route, RouteGuard } from '@ocelot/core';

import { HealthDirectory } from './health/health-directory.js';
import { readResilience } from './options/resilience-options.js';
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
    name: 'resilience',
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
      registry.guard({ name: 'resilience', forRoute: (route, config) => guardOf(route, config, states, host) });
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
function guardOf(
  route: Route,
  config: GatewayConfig,
  states: RouteStates,
  { log }: PluginHost,
): RouteGuard | undefined {
  const { options, replaced, dropsSlowStart } = readResilience(route, config);
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
  return options === undefined ? undefined : states.guard(route, options);
}

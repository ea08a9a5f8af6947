import { createSlot, type GatewayConfig, type Plugin, type Registry, type Route, type Session } from '@ocelot/core';

import { clientNaming, type ClientNaming, sourceContext } from './client-key/client-key.js';
import { section, textAt } from './config-reader.js';
import { limitConnections, readConnectionCap } from './connections/limit-connections.js';
import { limitRequests } from './quota/limit-requests.js';
import { readQuota } from './quota/quota.js';
import { StoreDirectory } from './store/store-directory.js';
import { SharedBuckets } from './stream/shared-buckets.js';
import { readStreamLimits } from './stream/stream-limits.js';
import { streamTap } from './stream/stream-tap.js';

/** Ocelot's `RateLimitOptions.ClientIdHeader`, where it is not written. */
const CLIENT_ID_HEADER = 'Oc-Client';

/**
 * Limits what clients may take: requests and upgrades (`RateLimitOptions`, as Ocelot counts them), messages and bytes of
 * open sockets, and open sockets of one client (`Gateway.RateLimit`). A route that asks for none of it pays nothing.
 *
 * Hand it to the gateway before the plugins of authentication: requests that are too many are then refused before their
 * credentials are checked.
 *
 * @example
 * const gateway = await createGateway({ config, plugins: [rateLimit()] });
 */
export function rateLimit(): Plugin {
  return {
    name: '@ocelot/rate-limit',
    supports: ['RateLimitOptions', 'RateLimit'],
    setup(registry) {
      const stores = new StoreDirectory(registry.host);
      registry.configuration({
        async prepare(config) {
          if (countsRequests(config)) await stores.prepare(config);
        },
        applied: (config) => stores.applied(config),
        released: (config) => stores.released(config),
      });
      registry.onClose(() => stores.close());
      countRequests(registry, stores);
      capConnections(registry);
      paceStreams(registry);
    },
  };
}

/** In the phase in which its clients can be named: Ocelot's own before authentication. */
function countRequests(registry: Registry, stores: StoreDirectory): void {
  const { host } = registry;
  for (const phase of ['admit', 'authorize'] as const) {
    registry.stage({
      name: phase === 'admit' ? 'rate-limit' : 'rate-limit-by-identity',
      phase,
      forRoute(route, config) {
        const quota = readQuota(route, config);
        if (quota === undefined) return undefined;
        const naming = namingOf(route, ['header'], quota.clientIdHeader);
        if (naming.needsIdentity !== (phase === 'authorize')) return undefined;
        if (naming.isIdentityOnly && !asksWhoClientsAre(route)) {
          host.log.warn(
            { route: route.id, source: `${route.location}/Gateway/RateLimit/By` },
            'clients are told apart by who they are, and the route asks nobody: unless a plugin does, its requests are refused',
          );
        }
        return limitRequests(quota, { naming, store: stores.of(config), record: (event) => host.record(event) });
      },
    });
  }
}

function capConnections(registry: Registry): void {
  const { host } = registry;
  registry.stage({
    name: 'rate-limit-connections',
    phase: 'authorize',
    forRoute(route) {
      const cap = readConnectionCap(route, clientIdHeader(route));
      if (cap === undefined) return undefined;
      return limitConnections(cap, { ledger: host.ledger, record: (event) => host.record(event) });
    },
  });
}

function paceStreams(registry: Registry): void {
  const { host } = registry;
  const buckets = new SharedBuckets(host.clock);
  const session = createSlot<Session>('rate limited session');
  registry.onClose(() => buckets.close());
  registry.stage({
    name: 'rate-limit-session',
    phase: 'admit',
    forRoute(route) {
      if (!readStreamLimits(route).some(({ unit, action }) => unit === 'bytes' && action !== 'drop')) return undefined;
      return (exchange) => {
        if (exchange.request.kind === 'upgrade') exchange.onOpen((opened) => exchange.set(session, opened));
      };
    },
  });
  registry.tap({
    name: 'rate-limit',
    forRoute(route) {
      const limits = readStreamLimits(route);
      if (limits.length === 0) return undefined;
      const naming = namingOf(route, ['ip'], clientIdHeader(route));
      return streamTap(limits, {
        naming,
        buckets,
        session,
        clock: host.clock,
        record: (event) => host.record(event),
      });
    },
  });
}

function namingOf(route: Route, fallback: readonly string[], header: string): ClientNaming {
  const options = section(route.options.gateway, 'RateLimit');
  return clientNaming(options, fallback, sourceContext(options, header), route, 'RateLimit');
}

function clientIdHeader(route: Route): string {
  return textAt(route.options.rateLimit ?? {}, 'ClientIdHeader', CLIENT_ID_HEADER);
}

/** Whether a store is needed at all. */
function countsRequests(config: GatewayConfig): boolean {
  const { routes, dynamic } = config;
  const all = dynamic === undefined ? routes : [...routes, dynamic.fallback, ...dynamic.entries];
  return all.some((route) => readQuota(route, config) !== undefined);
}

/** Whether `AuthenticationOptions` of the file do; a plugin of the user's own may ask without them. */
function asksWhoClientsAre({ options }: Route): boolean {
  const { AllowAnonymous, AuthenticationProviderKey, AuthenticationProviderKeys } = options.authentication ?? {};
  if (AllowAnonymous === true) return false;
  const isNamed = typeof AuthenticationProviderKey === 'string' && AuthenticationProviderKey !== '';
  return isNamed || (Array.isArray(AuthenticationProviderKeys) && AuthenticationProviderKeys.length > 0);
}
